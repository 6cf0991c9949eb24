package io.blkspc.host.sim;

/** Ends a task at the moment of a simulated crash. Nothing may catch it and go on; every later step throws it again. */
public final class SimCrash extends Error {

    private static final long serialVersionUID = 1L;

    SimCrash() {
        super("simulated crash", null, false, false);
    }
}
