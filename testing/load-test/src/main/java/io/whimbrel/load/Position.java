package io.whimbrel.load;

/** Where a client stands among the publications to it, as a frame said; what it brings when it comes back. */
record Position(String epoch, long offset) {
    /** Whether somebody who stands here has nothing new in that one. Of another epoch nothing can be said. */
    boolean covers(Position other) {
        return epoch.equals(other.epoch) && other.offset <= offset;
    }
}
