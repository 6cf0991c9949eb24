package io.blkspc.api.contract;

/** Where random tests get their seed: {@code -Dblkspc.seed}, or a new one that is printed. */
public final class Seeds {

    private static final String PROPERTY = "blkspc.seed";

    private Seeds() {}

    /** The seed of one test; prints it with the name of the caller. */
    public static long next() {
        Long given = Long.getLong(PROPERTY);
        long seed = given != null
                ? given
                : System.nanoTime()
                        ^ 0x9E3779B97F4A7C15L * Thread.currentThread().threadId();
        String caller = StackWalker.getInstance()
                .walk(frames -> frames.skip(1).findFirst().orElseThrow().getMethodName());
        System.out.println(caller + ": -D" + PROPERTY + "=" + seed);
        return seed;
    }
}
