package io.blkspc.host.checkpoint;

/** Families of objects in a checkpoint; ids are separate per kind. Codes are part of the format: never reuse one. */
public enum ObjectKind {
    /** A node of an extent tree. */
    NODE(1),
    /** A version: head or frozen. */
    VERSION(2),
    /** A part of a version's deadlist. */
    DEADLIST(3),
    /** A part of the free space map. */
    FREEMAP(4),
    /** Counters of the pool as a whole. */
    POOL(5),
    /** A name and what it stands for. */
    NAME(6);

    private static final ObjectKind[] KINDS = values();

    private final int code;

    ObjectKind(int code) {
        this.code = code;
    }

    /** The value on the medium, 1 to 255. */
    public int code() {
        return code;
    }

    /** The kind of a value on the medium, or {@code null} when no kind has it. */
    static ObjectKind of(int code) {
        for (ObjectKind kind : KINDS) {
            if (kind.code == code) {
                return kind;
            }
        }
        return null;
    }
}
