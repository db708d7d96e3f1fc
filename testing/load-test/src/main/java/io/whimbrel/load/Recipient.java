package io.whimbrel.load;

/** To whom is published. Its address, and what was published to it. */
record Recipient(Identity identity, Ledger ledger) {
    Recipient(Identity identity) {
        this(identity, new Ledger());
    }
}
