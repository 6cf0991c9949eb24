package io.blkspc.host.core;

/**
 * Room on the stack of the calling thread, taken and given back before a command changes anything. A stack that ends inside a
 * command could end inside its clean-up too, and no order of steps helps against that; so it is made to end here, where nothing is
 * held and nothing has changed (D18).
 *
 * <p>A level takes 16 bytes at least, however it is compiled, so the room is 32 KiB or more. That this is enough for a command is
 * what {@code StackOverflowTest} looks for, not proven. What serves data (reserve, allocate, commit, put) does without.
 */
final class StackRoom {

    private static final int LEVELS = 2048;

    private StackRoom() {}

    /**
     * Returns when there is room.
     *
     * @throws StackOverflowError when there is not
     */
    static void require() {
        if (descend(LEVELS) != LEVELS) {
            throw new AssertionError("unreachable");
        }
    }

    private static int descend(int levels) {
        return levels == 0 ? 0 : 1 + descend(levels - 1);
    }
}
