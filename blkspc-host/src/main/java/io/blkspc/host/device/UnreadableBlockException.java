package io.blkspc.host.device;

import io.blkspc.api.BlockSpaceException;

/**
 * A write of a part of a block could not read the rest of it. Nothing was written, so this is the failure of one request and
 * not of the device.
 */
public final class UnreadableBlockException extends BlockSpaceException {

    private static final long serialVersionUID = 1L;

    UnreadableBlockException(long offsetBytes, String error) {
        super(Code.IO, "cannot read a block that is written in part: offset=" + offsetBytes + ", error=" + error);
    }
}
