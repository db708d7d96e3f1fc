package io.whimbrel.ops;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.math.BigInteger;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.List;

/**
 * Reads certificate and key from their files and refuses what would only fail when the first client comes: a key of
 * another certificate, certificates out of order. What is wrong is an {@link IllegalArgumentException} in one sentence.
 */
final class TlsReader {
    /** What stands in a PKCS#8 key in front of the octets of an RSA key: version 0, rsaEncryption, NULL. */
    private static final byte[] RSA_HEAD = {
        0x02,
        0x01,
        0x00,
        0x30,
        0x0D,
        0x06,
        0x09,
        0x2A,
        (byte) 0x86,
        0x48,
        (byte) 0x86,
        (byte) 0xF7,
        0x0D,
        0x01,
        0x01,
        0x01,
        0x05,
        0x00
    };

    private static final int SEQUENCE = 0x30;
    private static final int OCTET_STRING = 0x04;

    private TlsReader() {}

    static TlsIdentity read(TlsSettings settings) {
        List<X509Certificate> chain = certificates(settings.certificate());
        requireOrder(settings.certificate(), chain);
        X509Certificate own = chain.getFirst();
        byte[] pkcs8 = privateKey(settings.key());
        try {
            String kind = own.getPublicKey().getAlgorithm();
            String signature = signatureFor(kind, settings.certificate());
            PrivateKey key = KeyFactory.getInstance(kind).generatePrivate(new PKCS8EncodedKeySpec(pkcs8));
            if (belongTogether(own, key, signature)) {
                return new TlsIdentity(chain, key);
            }
        } catch (GeneralSecurityException _) {
            // A key of another kind does not belong to the certificate either.
        }
        throw new IllegalArgumentException("%s: %s does not hold the key of the certificate in %s (%s)"
                .formatted(TlsSettings.KEY, settings.key(), TlsSettings.CERTIFICATE, settings.certificate()));
    }

    private static List<X509Certificate> certificates(Path file) {
        List<X509Certificate> chain = new ArrayList<>();
        try {
            CertificateFactory factory = CertificateFactory.getInstance("X.509");
            for (Pem.Block block : Pem.read(TlsSettings.CERTIFICATE, file)) {
                if (block.label().equals("CERTIFICATE")) {
                    chain.add((X509Certificate) factory.generateCertificate(new ByteArrayInputStream(block.der())));
                }
            }
        } catch (CertificateException e) {
            throw new IllegalArgumentException(
                    "%s: %s holds a certificate that is damaged".formatted(TlsSettings.CERTIFICATE, file), e);
        }
        if (chain.isEmpty()) {
            throw new IllegalArgumentException(
                    "%s: %s holds no PEM block '-----BEGIN CERTIFICATE-----'".formatted(TlsSettings.CERTIFICATE, file));
        }
        return chain;
    }

    private static void requireOrder(Path file, List<X509Certificate> chain) {
        for (int i = 1; i < chain.size(); i++) {
            if (!chain.get(i - 1).getIssuerX500Principal().equals(chain.get(i).getSubjectX500Principal())) {
                throw new IllegalArgumentException(
                        "%s: certificate %d of %s did not sign the one before it; the server's own comes first, then the one that signed it, and so on"
                                .formatted(TlsSettings.CERTIFICATE, i + 1, file));
            }
        }
    }

    /** The first key of the file, as PKCS#8. */
    private static byte[] privateKey(Path file) {
        for (Pem.Block block : Pem.read(TlsSettings.KEY, file)) {
            switch (block.label()) {
                case "PRIVATE KEY" -> {
                    return block.der();
                }
                case "RSA PRIVATE KEY" -> {
                    return pkcs8OfRsa(block.der());
                }
                case "EC PRIVATE KEY", "ENCRYPTED PRIVATE KEY" ->
                    throw new IllegalArgumentException(
                            "%s: %s holds a '%s'; it must hold a 'PRIVATE KEY', which openssl pkcs8 -topk8 -nocrypt makes"
                                    .formatted(TlsSettings.KEY, file, block.label()));
                default -> {} // certificates, parameters of a curve
            }
        }
        throw new IllegalArgumentException(
                "%s: %s holds no PEM block '-----BEGIN PRIVATE KEY-----'".formatted(TlsSettings.KEY, file));
    }

    /** PKCS#1, which some tools still write, put into the form the JDK reads (RFC 5958 §2, RFC 8017 §A.1). */
    private static byte[] pkcs8OfRsa(byte[] pkcs1) {
        ByteArrayOutputStream inner = new ByteArrayOutputStream();
        inner.writeBytes(RSA_HEAD);
        writeDer(OCTET_STRING, pkcs1, inner);
        ByteArrayOutputStream outer = new ByteArrayOutputStream();
        writeDer(SEQUENCE, inner.toByteArray(), outer);
        return outer.toByteArray();
    }

    private static void writeDer(int tag, byte[] content, ByteArrayOutputStream out) {
        out.write(tag);
        if (content.length < 0x80) {
            out.write(content.length);
        } else {
            byte[] length = BigInteger.valueOf(content.length).toByteArray();
            int sign = length[0] == 0 ? 1 : 0;
            out.write(0x80 | (length.length - sign));
            out.write(length, sign, length.length - sign);
        }
        out.writeBytes(content);
    }

    private static String signatureFor(String kind, Path file) {
        return switch (kind) {
            case "RSA" -> "SHA256withRSA";
            case "EC" -> "SHA256withECDSA";
            case "EdDSA" -> "EdDSA";
            default ->
                throw new IllegalArgumentException(
                        "%s: %s holds a certificate for a key of kind %s; it may be RSA, EC or Ed25519"
                                .formatted(TlsSettings.CERTIFICATE, file, kind));
        };
    }

    private static boolean belongTogether(X509Certificate certificate, PrivateKey key, String algorithm)
            throws GeneralSecurityException {
        byte[] probe = {1, 2, 3};
        Signature signature = Signature.getInstance(algorithm);
        signature.initSign(key);
        signature.update(probe);
        byte[] signed = signature.sign();
        signature.initVerify(certificate.getPublicKey());
        signature.update(probe);
        return signature.verify(signed);
    }
}
