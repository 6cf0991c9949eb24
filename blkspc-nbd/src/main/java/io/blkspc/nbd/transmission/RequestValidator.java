package io.blkspc.nbd.transmission;

import io.blkspc.nbd.protocol.CommandFlags;
import io.blkspc.nbd.protocol.NbdCommand;
import io.blkspc.nbd.protocol.NbdError;
import io.blkspc.nbd.protocol.ReplyStyle;

/** Every reason to refuse a request before the block space sees it, in one place. Immutable. */
final class RequestValidator {

    private final boolean readOnly;
    private final ReplyStyle style;
    private final long maxPayloadBytes;

    RequestValidator(boolean readOnly, ReplyStyle style, long maxPayloadBytes) {
        this.readOnly = readOnly;
        this.style = style;
        this.maxPayloadBytes = maxPayloadBytes;
    }

    /**
     * Judges one request.
     *
     * @return {@link NbdError#NONE} or the error to reply
     */
    int check(Request request, long sizeBytes) {
        int type = request.type();
        if ((request.flags() & ~legalFlags(type)) != 0) {
            return NbdError.EINVAL;
        }
        boolean outside = isOutside(request.offset(), request.length(), sizeBytes);
        return switch (type) {
            case NbdCommand.READ -> {
                if (outside) {
                    yield NbdError.EINVAL;
                }
                yield request.length() > maxPayloadBytes ? NbdError.EOVERFLOW : NbdError.NONE;
            }
            case NbdCommand.WRITE -> {
                if (style == ReplyStyle.EXTENDED && !request.has(CommandFlags.PAYLOAD_LEN)) {
                    yield NbdError.EINVAL;
                }
                yield checkWrite(outside);
            }
            case NbdCommand.WRITE_ZEROES -> checkWrite(outside);
            case NbdCommand.TRIM -> {
                if (readOnly) {
                    yield NbdError.EPERM;
                }
                yield outside ? NbdError.EINVAL : NbdError.NONE;
            }
            case NbdCommand.CACHE -> outside ? NbdError.EINVAL : NbdError.NONE;
            case NbdCommand.BLOCK_STATUS ->
                outside || request.length() == 0 || request.contexts() == 0 ? NbdError.EINVAL : NbdError.NONE;
            case NbdCommand.FLUSH -> NbdError.NONE;
            default -> NbdError.EINVAL;
        };
    }

    /** Both are unsigned on the wire: negative stands for 2^63 and more, which is beyond any end. */
    private static boolean isOutside(long offset, long length, long sizeBytes) {
        return offset < 0 || length < 0 || offset > sizeBytes || length > sizeBytes - offset;
    }

    private int checkWrite(boolean outside) {
        if (readOnly) {
            return NbdError.EPERM;
        }
        return outside ? NbdError.ENOSPC : NbdError.NONE;
    }

    /** FUA is legal everywhere, because a client that saw it offered may set it on any command. */
    private int legalFlags(int type) {
        int payload = style == ReplyStyle.EXTENDED ? CommandFlags.PAYLOAD_LEN : 0;
        return switch (type) {
            case NbdCommand.READ -> CommandFlags.FUA | (style.chunked() ? CommandFlags.DF : 0);
            case NbdCommand.WRITE -> CommandFlags.FUA | payload;
            case NbdCommand.WRITE_ZEROES -> CommandFlags.FUA | CommandFlags.NO_HOLE | CommandFlags.FAST_ZERO;
            case NbdCommand.BLOCK_STATUS -> CommandFlags.FUA | CommandFlags.REQ_ONE | payload;
            default -> CommandFlags.FUA;
        };
    }
}
