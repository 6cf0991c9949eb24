package io.blkspc.nbd.transmission;

import io.blkspc.nbd.protocol.CommandFlags;
import io.blkspc.nbd.protocol.NbdCommand;
import io.blkspc.nbd.protocol.NbdError;

/** Every reason to refuse a request before the block space sees it, in one place. Immutable. */
final class RequestValidator {

    private final boolean readOnly;
    private final boolean structured;
    private final boolean baseAllocation;
    private final long maxPayloadBytes;

    RequestValidator(boolean readOnly, boolean structured, boolean baseAllocation, long maxPayloadBytes) {
        this.readOnly = readOnly;
        this.structured = structured;
        this.baseAllocation = baseAllocation;
        this.maxPayloadBytes = maxPayloadBytes;
    }

    /**
     * Judges one request.
     *
     * @param offset as on the wire: negative stands for 2^63 and more
     * @param length unsigned 32 bits
     * @return {@link NbdError#NONE} or the error to reply
     */
    int check(int type, int flags, long offset, long length, long sizeBytes) {
        if ((flags & ~legalFlags(type)) != 0) {
            return NbdError.EINVAL;
        }
        boolean outside = offset < 0 || offset > sizeBytes || length > sizeBytes - offset;
        return switch (type) {
            case NbdCommand.READ -> {
                if (outside) {
                    yield NbdError.EINVAL;
                }
                yield length > maxPayloadBytes ? NbdError.EOVERFLOW : NbdError.NONE;
            }
            case NbdCommand.WRITE, NbdCommand.WRITE_ZEROES -> {
                if (readOnly) {
                    yield NbdError.EPERM;
                }
                yield outside ? NbdError.ENOSPC : NbdError.NONE;
            }
            case NbdCommand.TRIM -> {
                if (readOnly) {
                    yield NbdError.EPERM;
                }
                yield outside ? NbdError.EINVAL : NbdError.NONE;
            }
            case NbdCommand.BLOCK_STATUS -> outside || length == 0 || !baseAllocation ? NbdError.EINVAL : NbdError.NONE;
            case NbdCommand.FLUSH, NbdCommand.DISC -> NbdError.NONE;
            default -> NbdError.EINVAL;
        };
    }

    /** FUA is legal everywhere, because a client that saw it offered may set it on any command. */
    private int legalFlags(int type) {
        return switch (type) {
            case NbdCommand.READ -> CommandFlags.FUA | (structured ? CommandFlags.DF : 0);
            case NbdCommand.WRITE_ZEROES -> CommandFlags.FUA | CommandFlags.NO_HOLE | CommandFlags.FAST_ZERO;
            case NbdCommand.BLOCK_STATUS -> CommandFlags.FUA | CommandFlags.REQ_ONE;
            default -> CommandFlags.FUA;
        };
    }
}
