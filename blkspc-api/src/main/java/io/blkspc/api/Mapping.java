package io.blkspc.api;

/**
 * Where a run of a space lies on the device: the {@code struct iomap} of this API. Mutable and owned by the caller, who
 * passes it to {@link BlockSpace#map} or {@link BlockSpace#allocate} to be filled, so that hot calls allocate nothing.
 * Not safe for use by several threads at once.
 */
public final class Mapping {

    /** Value of a device offset where there is none. */
    public static final long NO_DEVICE_OFFSET = -1;

    private long offsetBytes;
    private long lengthBytes;
    private MappingState state = MappingState.HOLE;
    private long deviceOffsetBytes = NO_DEVICE_OFFSET;
    private long sourceDeviceOffsetBytes = NO_DEVICE_OFFSET;
    private boolean shared;
    private long generation;

    /** Fills every field; called by hosts only. */
    public Mapping set(long offset, long length, MappingState newState, long deviceOffset, boolean isShared, long gen) {
        this.offsetBytes = offset;
        this.lengthBytes = length;
        this.state = newState;
        this.deviceOffsetBytes = deviceOffset;
        this.sourceDeviceOffsetBytes = NO_DEVICE_OFFSET;
        this.shared = isShared;
        this.generation = gen;
        return this;
    }

    /** Sets the address of the old data of a copy-on-write; called by hosts only, after {@link #set}. */
    public Mapping source(long sourceDeviceOffset) {
        this.sourceDeviceOffsetBytes = sourceDeviceOffset;
        return this;
    }

    /** First byte in the space; exactly the offset that was asked for. */
    public long offsetBytes() {
        return offsetBytes;
    }

    /** Length in bytes; at least 1, at most what was asked for. */
    public long lengthBytes() {
        return lengthBytes;
    }

    /** First byte in the space after this mapping. */
    public long endOffsetBytes() {
        return offsetBytes + lengthBytes;
    }

    /** What readers see. For a staged allocation: what they see <em>until commit</em>. */
    public MappingState state() {
        return state;
    }

    /**
     * Device address of {@link #offsetBytes}: of a {@code map}, where to read (or {@link #NO_DEVICE_OFFSET} for a hole);
     * of an {@code allocate}, where to write.
     */
    public long deviceOffsetBytes() {
        return deviceOffsetBytes;
    }

    /** Device address of the old data of a {@link Allocation#COW} allocation, else {@link #NO_DEVICE_OFFSET}. */
    public long sourceDeviceOffsetBytes() {
        return sourceDeviceOffsetBytes;
    }

    /** {@code true} when another version also holds these blocks, so that a write will copy. */
    public boolean shared() {
        return shared;
    }

    /** Freshness of this borrowed mapping; see {@link BlockSpace#generation}. Never interpreted by the caller. */
    public long generation() {
        return generation;
    }

    @Override
    public String toString() {
        return "mapping[" + offsetBytes + ",+" + lengthBytes + " " + state + (shared ? " shared" : "") + " device="
                + deviceOffsetBytes + " source=" + sourceDeviceOffsetBytes + " generation=" + generation + "]";
    }
}
