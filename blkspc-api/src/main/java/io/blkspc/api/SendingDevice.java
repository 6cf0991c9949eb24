package io.blkspc.api;

/**
 * A {@link BlockDevice} that can hand what it has in memory to a socket with one copy: from there into the socket's own memory. A
 * byte that was sent was copied, so what it lay in may be reused as soon as the call has returned, whatever the client does.
 */
public interface SendingDevice extends BlockDevice {

    /** What {@link #send} answers when it cannot be done. */
    long REFUSED = -1;

    /** {@code false} when it never can. */
    boolean sends();

    /**
     * Whether a range is worth sending this way now: it is all in memory, and likely to be read again. Only a hint. Never waits.
     *
     * @param lengthBytes more than 0
     */
    boolean canSend(long deviceOffsetBytes, long lengthBytes);

    /**
     * Sends a head and then a range, as much of both as the socket takes without a wait.
     *
     * @param descriptor of a stream socket, which nobody closes meanwhile
     * @param headAddress native memory that the caller keeps alive
     * @param headBytes may be 0
     * @param lengthBytes more than 0
     * @return the number of bytes sent, those of the head included: 0 when the socket takes none now; {@link #REFUSED}
     *     when it will take none this way: nothing was sent, {@link #read} or the socket itself tells why
     */
    long send(int descriptor, long headAddress, long headBytes, long deviceOffsetBytes, long lengthBytes);
}
