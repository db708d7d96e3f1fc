package io.whimbrel.system.chaos;

/** One thing that somebody saw or did in a run. All times are milliseconds since its start. */
sealed interface Entry {
    long at();

    /** A publisher begins to publish a letter; it repeats it until it is accepted. */
    record Written(long at, long letter, String address) implements Entry {}

    /** A letter was answered with 200. */
    record Accepted(long at, long letter, String address, String id) implements Entry {}

    /** An attempt had no answer, or one that told to try again. */
    record Retried(long at, long letter, int status) implements Entry {}

    /** An attempt had an answer that nothing that was done explains. */
    record Refused(long at, long letter, int status, String answer) implements Entry {}

    /** What the publisher was told of a letter's way. */
    record ReceiptTold(long at, String address, String id, int sessions, int written, int acked) implements Entry {}

    /** It was asked for and answered otherwise. */
    record ReceiptUntold(long at, String id, int status, String answer) implements Entry {}

    /** A client begins to connect; with a position it says that it has everything up to there. */
    record Coming(long at, Client client, int session, String epoch, long offset) implements Entry {}

    record Opened(long at, Client client, int session) implements Entry {}

    record Closed(long at, Client client, int session, String why) implements Entry {}

    /** A client says that it has everything up to there. Noted before it is sent. */
    record Acked(long at, Client client, String epoch, long offset) implements Entry {}

    /**
     * A message reached a client.
     *
     * @param shown whether the client showed it, or dropped it as one it had
     */
    record Came(long at, Client client, int session, String id, long letter, String epoch, long offset, boolean shown)
            implements Entry {}

    /** A client was told that what is up to there is lost to it. */
    record ToldLost(long at, Client client, int session, String epoch, long offset) implements Entry {}

    /** What a part said of its readiness; 0 where it said nothing. */
    record Polled(long at, String part, int status) implements Entry {}

    /**
     * A publication to a canary was answered.
     *
     * @param status 0 where it was not
     * @param lacksReplicas whether it was refused since too few copies of the data are there, which is nothing a gateway knows of
     */
    record CanarySent(long at, long startedAt, String web, Canary canary, int status, boolean lacksReplicas)
            implements Entry {}

    /** And reached it at its gateway. */
    record CanaryCame(long at, long startedAt, Canary canary) implements Entry {}

    record Struck(long at, int number, Fault fault) implements Entry {}

    /** It was healed: the process was started or goes on, the wire is whole. */
    record Healed(long at, int number, Fault fault) implements Entry {}

    /** A replica was found to have become a master since the last fault of Redis. */
    record Promoted(long at, String node) implements Entry {}

    /** A slot that held something went to another master. */
    record SlotMoved(long at) implements Entry {}

    /** A part ended, and nobody had killed it. */
    record Crashed(long at, String part, String said) implements Entry {}

    /** A part was not ready long after all was healed. */
    record NeverReady(long at, String part, String said) implements Entry {}

    /** The run itself did not get to run since then: what it saw in that time says nothing of the parts. */
    record Stalled(long at, long since) implements Entry {}
}
