package io.blkspc.nbd.protocol;

import java.lang.foreign.MemorySegment;

/**
 * Data of the option EXPORT_NAME: the name, as long as the option.
 *
 * @param name the export asked for, or {@code null} when it is not a string that could name one
 */
public record ExportNameRequest(String name) {

    /** Reads it. */
    public static ExportNameRequest read(MemorySegment buffer, long start, long length) {
        return new ExportNameRequest(OptionText.read(buffer, start, length));
    }
}
