package io.blkspc.api;

/** Bytes on the medium failed verification. Names the structure and where it is, so that an operator can look. */
public final class CorruptSpaceException extends BlockSpaceException {

    private static final long serialVersionUID = 1L;

    private final String structure;
    private final long offsetBytes;

    /**
     * Damage in one structure.
     *
     * @param structure the noun docs/format.md uses, with its file
     * @param offsetBytes where it starts in that file
     * @param facts what was expected and what was found, as {@code name=value} facts
     */
    public CorruptSpaceException(Code code, String structure, long offsetBytes, String facts) {
        super(code, structure + " is damaged: offset=" + offsetBytes + (facts.isEmpty() ? "" : ", " + facts));
        this.structure = structure;
        this.offsetBytes = offsetBytes;
    }

    /** The damaged structure. */
    public String structure() {
        return structure;
    }

    /** Where it starts in its file, in bytes. */
    public long offsetBytes() {
        return offsetBytes;
    }
}
