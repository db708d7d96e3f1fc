package io.whimbrel.system.chaos;

/** Who wants what is sent to an address; others may want it, too, as two tabs of a browser do, and each has to get all of it. */
record Client(String name, String address) {
    @Override
    public String toString() {
        return name + " of " + address;
    }
}
