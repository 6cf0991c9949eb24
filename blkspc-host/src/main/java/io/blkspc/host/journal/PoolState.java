package io.blkspc.host.journal;

/** How the pool was left, as the superblock says. */
public enum PoolState {
    /** Stopped in order: nothing to replay, the node map may be trusted if marked valid. */
    CLEAN(1),
    /** In use, or stopped without notice: replay. */
    DIRTY(2),
    /** Damage was found: open read-only until an operator looked. */
    NEEDS_CHECK(3),
    /** A write or force failed in the last run: replay, from the medium. */
    FAILED(4);

    private final int code;

    PoolState(int code) {
        this.code = code;
    }

    /** The value on the medium. */
    public int code() {
        return code;
    }

    /** The state of a value on the medium, or {@code null} when no state has it. */
    static PoolState of(int code) {
        for (PoolState state : values()) {
            if (state.code == code) {
                return state;
            }
        }
        return null;
    }
}
