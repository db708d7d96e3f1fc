package io.whimbrel.system.chaos;

/** A promise that was not kept, and where that is seen. */
record Violation(long at, Rule rule, String evidence) {
    enum Rule {
        /** Accepted, and a client of its address never had it. */
        LOST,
        /** A client showed the same publication twice, though it drops what it has. */
        DUPLICATED,
        /** A client showed a letter under two ids, where what is shown is on disk, with the key of who repeats it. */
        SHOWN_UNDER_TWO_IDS,
        /** One connection brought offsets of a topic in another order than that of the topic. */
        OUT_OF_ORDER,
        /** Offsets were left out without a word: what stands for "recovered" where nothing is announced. */
        PASSED_OVER,
        /** A new epoch gave offsets of accepted ones to others, and a client that wants to be told of losses was not. */
        NEW_EPOCH_UNSAID,
        /** Two publications had the same place in a topic. */
        OFFSET_USED_TWICE,
        /** A message that is not what was sent to that client under that id. */
        NOT_WHAT_WAS_SENT,
        /** A receipt tells of a session or an acknowledgement that was not. */
        FALSE_RECEIPT,
        /** A part said that it is ready for more than 3 s while nothing flowed. */
        FALSE_READINESS,
        /** So much of the time was not seen that nothing is proved of readiness. */
        READINESS_UNSEEN,
        /** A part was not ready again when all was healed. */
        NEVER_READY,
        /** A publication was refused for no reason of its own. */
        REFUSED,
        /** A part ended by itself. */
        CRASHED
    }

    @Override
    public String toString() {
        return "%s at %d ms: %s".formatted(rule, at, evidence);
    }
}
