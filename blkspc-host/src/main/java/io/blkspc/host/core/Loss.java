package io.blkspc.host.core;

/**
 * Something a repair could not save.
 *
 * @param volume volume or snapshot, or {@code null} when it is not known whose it was
 * @param offsetBytes where the lost range begins; it reads as zeros in the repaired pool
 * @param lengthBytes its length, holes included; 0 when something else than data is lost
 * @param reason why, in words and facts
 */
public record Loss(String volume, long offsetBytes, long lengthBytes, String reason) {

    static Loss ofPool(String reason) {
        return new Loss(null, 0, 0, reason);
    }

    @Override
    public String toString() {
        return (volume == null ? "pool" : volume)
                + (lengthBytes == 0 ? "" : " offset=" + offsetBytes + " length=" + lengthBytes) + ": " + reason;
    }
}
