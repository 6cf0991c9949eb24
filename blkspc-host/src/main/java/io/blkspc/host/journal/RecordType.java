package io.blkspc.host.journal;

/** What a journal record says. Codes are part of the format: never reuse one. */
public enum RecordType {
    /** Extents of one volume that were mapped, made unwritten or punched. */
    EXTENTS(1),
    /** A new, empty volume. */
    CREATE(2),
    /** A head was frozen under a name. */
    SNAPSHOT(3),
    /** A new head on a frozen version. */
    CLONE(4),
    /** A version became hidden. */
    DESTROY(5),
    /** A step of giving back what hidden versions hold. */
    REAP(6),
    /** Carries only the marks of its header. */
    MARK(7),
    /** A volume's size changed. */
    RESIZE(8),
    /** A version's name changed. */
    RENAME(9),
    /** A volume went back to a snapshot. */
    ROLLBACK(10),
    /** A snapshot was held or released. */
    HOLD(11),
    /** Fills the ring to its end; has no payload and takes no sequence. Written by the journal itself. */
    PAD(255);

    private final int code;

    RecordType(int code) {
        this.code = code;
    }

    /** The value on the medium. */
    public int code() {
        return code;
    }

    /** The type of a value on the medium, or {@code null} when no type has it. */
    static RecordType of(int code) {
        for (RecordType type : TYPES) {
            if (type.code == code) {
                return type;
            }
        }
        return null;
    }

    private static final RecordType[] TYPES = values();
}
