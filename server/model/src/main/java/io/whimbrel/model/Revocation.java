package io.whimbrel.model;

/** Says that tokens of an address count no more, though their time is not over. */
public sealed interface Revocation {
    /** What is said of a token that does not tell since when its bearer is trusted: every revocation of its address concerns it. */
    long UNKNOWN = 0;

    Address address();

    /** Since 1970; from then on nobody needs to know of it, since what it concerns has ended. */
    long untilSeconds();

    /**
     * Whether it concerns a token of its address.
     *
     * @param sinceSeconds since when its bearer is trusted, seconds since 1970 or {@link #UNKNOWN}
     * @param fingerprint tells it from other tokens of the address
     */
    boolean concerns(long sinceSeconds, long fingerprint);

    /** Of one token, known by its fingerprint. */
    record OfToken(Address address, long fingerprint, long untilSeconds) implements Revocation {
        @Override
        public boolean concerns(long sinceSeconds, long tokenFingerprint) {
            return tokenFingerprint == fingerprint;
        }
    }

    /**
     * Of all tokens whose bearer was trusted up to a moment, that whole second included.
     *
     * @param atSeconds since 1970
     */
    record OfAddress(Address address, long atSeconds, long untilSeconds) implements Revocation {
        @Override
        public boolean concerns(long sinceSeconds, long fingerprint) {
            return sinceSeconds <= atSeconds;
        }
    }
}
