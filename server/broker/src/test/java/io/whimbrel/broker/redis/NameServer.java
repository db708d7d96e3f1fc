package io.whimbrel.broker.redis;

import io.lettuce.core.resource.Transports;
import io.netty.channel.socket.SocketChannel;
import io.netty.resolver.AddressResolverGroup;
import io.netty.resolver.dns.DnsAddressResolverGroup;
import io.netty.resolver.dns.DnsNameResolverBuilder;
import io.netty.resolver.dns.SingletonDnsServerAddressStreamProvider;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.util.Arrays;

/** Answers for each name with one address, which may change, and that it holds for a second (RFC 1035). Safe for any thread. */
final class NameServer implements AutoCloseable {
    private static final int HEADER_BYTES = 12;
    private static final int LONGEST_BYTES = 512;
    private static final short ANSWER = (short) 0x8180;
    private static final short NAME_OF_THE_QUESTION = (short) (0xC000 | HEADER_BYTES);
    private static final short IPV4 = 1;
    private static final short INTERNET = 1;

    private final DatagramSocket socket = new DatagramSocket(0, InetAddress.getLoopbackAddress());
    private volatile InetAddress address;

    NameServer(String first) throws IOException {
        address = InetAddress.getByName(first);
        var _ = Thread.ofVirtual().start(this::answer);
    }

    void leadTo(String other) throws IOException {
        address = InetAddress.getByName(other);
    }

    /** What asks this server and nobody else. */
    AddressResolverGroup<InetSocketAddress> resolver() {
        return new DnsAddressResolverGroup(new DnsNameResolverBuilder()
                .datagramChannelType(Transports.datagramChannelClass())
                .socketChannelType(Transports.socketChannelClass().asSubclass(SocketChannel.class))
                .nameServerProvider(new SingletonDnsServerAddressStreamProvider(
                        (InetSocketAddress) socket.getLocalSocketAddress())));
    }

    private void answer() {
        try {
            while (!socket.isClosed()) {
                DatagramPacket packet = new DatagramPacket(new byte[LONGEST_BYTES], LONGEST_BYTES);
                socket.receive(packet);
                byte[] answer = answer(packet.getData(), packet.getLength());
                socket.send(new DatagramPacket(answer, answer.length, packet.getSocketAddress()));
            }
        } catch (SocketException e) {
            if (!socket.isClosed()) {
                throw new UncheckedIOException(e);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private byte[] answer(byte[] packet, int length) {
        ByteBuffer query = ByteBuffer.wrap(packet, 0, length);
        short id = query.getShort();
        query.position(HEADER_BYTES);
        for (byte label; (label = query.get()) != 0; ) {
            query.position(query.position() + label);
        }
        short type = query.getShort();
        int end = query.position() + Short.BYTES;
        boolean known = type == IPV4;
        byte[] bytes = new byte[LONGEST_BYTES];
        ByteBuffer answer = ByteBuffer.wrap(bytes)
                .putShort(id)
                .putShort(ANSWER)
                .putShort((short) 1)
                .putShort((short) (known ? 1 : 0))
                .putInt(0)
                .put(packet, HEADER_BYTES, end - HEADER_BYTES);
        if (known) {
            byte[] there = address.getAddress();
            answer.putShort(NAME_OF_THE_QUESTION)
                    .putShort(IPV4)
                    .putShort(INTERNET)
                    .putInt(1) // second
                    .putShort((short) there.length)
                    .put(there);
        }
        return Arrays.copyOf(bytes, answer.position());
    }

    @Override
    public void close() {
        socket.close();
    }
}
