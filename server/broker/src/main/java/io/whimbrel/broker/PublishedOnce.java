package io.whimbrel.broker;

/** What became of a publication with an {@link IdempotencyKey}. */
public sealed interface PublishedOnce {
    /** Nothing was known of its key: it was published, and this is what a repetition hears as well. */
    record First(Published published) implements PublishedOnce {}

    /**
     * Its key was used before, for the same payload: nothing was published now.
     *
     * @param id of the first publication, the one that counts
     * @param published what became of that one
     */
    record Repeat(String id, Published published) implements PublishedOnce {}

    /** Its key was used before, for another payload: nothing was published now. */
    record Mismatch() implements PublishedOnce {}
}
