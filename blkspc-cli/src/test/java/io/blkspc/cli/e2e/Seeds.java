package io.blkspc.cli.e2e;

/** Where the random numbers of a test come from: printed, and {@code -Dblkspc.seed=…} runs them again. */
final class Seeds {

    private Seeds() {}

    static long of(Class<?> test) {
        Long given = Long.getLong("blkspc.seed");
        long seed = given != null
                ? given
                : System.nanoTime() ^ ProcessHandle.current().pid() << 40;
        System.out.println(test.getSimpleName() + " seed=" + seed);
        return seed;
    }
}
