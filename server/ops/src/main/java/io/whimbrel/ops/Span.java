package io.whimbrel.ops;

import io.whimbrel.model.TraceParent;

/** A span that is under way. It takes up room until {@link #end}, which whoever began it calls once. Safe for any thread. */
public interface Span {
    /** What its children name. */
    TraceParent context();

    /** Attributes are public: neither tokens nor messages are among them. */
    void tell(String attribute, String value);

    void tell(String attribute, long value);

    void tell(String attribute, boolean value);

    /** It failed, for this reason in words. */
    void fail(String why);

    void end();
}
