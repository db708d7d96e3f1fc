package io.whimbrel.load;

import io.netty.util.AsciiString;

/** Somebody who may connect and publish. */
record Identity(AsciiString token, AsciiString address) {
    static Identity of(String token, String address) {
        return new Identity(AsciiString.cached(token), AsciiString.cached(address));
    }

    /** Without the token, which is a secret. */
    @Override
    public String toString() {
        return "Identity[" + address + "]";
    }
}
