package io.blkspc.nbd.service;

/**
 * What one server grants its clients. All sizes are bytes, all times milliseconds.
 *
 * @param maxConnections clients in transmission; further ones are refused at the end of their handshake
 * @param maxNegotiating clients in the handshake, half of them without having sent an option; one more makes the one leave
 *     that was silent for longest
 * @param handshakeMillis time for a whole handshake
 * @param maxOptions options in one handshake
 * @param maxOptionBytes data of one option
 * @param stallMillis time in which a client must take the next 256 KiB of replies
 * @param receiveBufferBytes requests of one connection that are parsed together
 * @param sendBufferBytes replies of one connection that are sent together
 * @param maxPayloadBytes longest read or write that is accepted
 * @param maxInFlight requests of one connection that wait for the medium while others go on
 * @param maxInFlightBytes memory of one connection for replies that wait for the medium or for the client
 * @param sharedBufferBytes memory of all connections together for replies that wait
 * @param workers threads for requests that wait for the medium, for all connections together
 * @param closeMillis time that closing the server gives requests in flight
 */
public record NbdLimits(
        int maxConnections,
        int maxNegotiating,
        long handshakeMillis,
        int maxOptions,
        int maxOptionBytes,
        long stallMillis,
        int receiveBufferBytes,
        int sendBufferBytes,
        int maxPayloadBytes,
        int maxInFlight,
        long maxInFlightBytes,
        long sharedBufferBytes,
        int workers,
        long closeMillis) {

    /** Largest payload that clients are told of: the protocol's own default. */
    public static final int ADVERTISED_PAYLOAD_BYTES = 32 << 20;

    /** The limits to use unless there is a reason. */
    public static final NbdLimits DEFAULT = new NbdLimits(
            128,
            128,
            10_000,
            32,
            64 << 10,
            60_000,
            (2 << 20) + 4096,
            (2 << 20) + 4096,
            64 << 20,
            64,
            64L << 20,
            256L << 20,
            32,
            20_000);

    /** Checks that the limits make sense together. */
    public NbdLimits {
        if (maxConnections < 1 || maxNegotiating < 1 || maxOptions < 1 || maxInFlight < 1 || workers < 1) {
            throw new IllegalArgumentException("a limit is below one");
        }
        if (receiveBufferBytes < 64 << 10 || sendBufferBytes < 64 << 10) {
            throw new IllegalArgumentException(
                    "buffers are at least 64 KiB: receive=" + receiveBufferBytes + ", send=" + sendBufferBytes);
        }
        if (maxPayloadBytes < ADVERTISED_PAYLOAD_BYTES) {
            throw new IllegalArgumentException("clients may send 32 MiB: maxPayload=" + maxPayloadBytes);
        }
        if (handshakeMillis < 1 || stallMillis < 1 || closeMillis < 1) {
            throw new IllegalArgumentException("a time is below one millisecond");
        }
    }

    /** The same with another time for handshakes and stalls. */
    public NbdLimits withTimes(long newHandshakeMillis, long newStallMillis, long newCloseMillis) {
        return new NbdLimits(
                maxConnections,
                maxNegotiating,
                newHandshakeMillis,
                maxOptions,
                maxOptionBytes,
                newStallMillis,
                receiveBufferBytes,
                sendBufferBytes,
                maxPayloadBytes,
                maxInFlight,
                maxInFlightBytes,
                sharedBufferBytes,
                workers,
                newCloseMillis);
    }

    /** The same with other numbers of clients. */
    public NbdLimits withConnections(int newMaxConnections, int newMaxNegotiating) {
        return new NbdLimits(
                newMaxConnections,
                newMaxNegotiating,
                handshakeMillis,
                maxOptions,
                maxOptionBytes,
                stallMillis,
                receiveBufferBytes,
                sendBufferBytes,
                maxPayloadBytes,
                maxInFlight,
                maxInFlightBytes,
                sharedBufferBytes,
                workers,
                closeMillis);
    }

    /** The same with other buffers. */
    public NbdLimits withBuffers(int newReceiveBufferBytes, int newSendBufferBytes) {
        return new NbdLimits(
                maxConnections,
                maxNegotiating,
                handshakeMillis,
                maxOptions,
                maxOptionBytes,
                stallMillis,
                newReceiveBufferBytes,
                newSendBufferBytes,
                maxPayloadBytes,
                maxInFlight,
                maxInFlightBytes,
                sharedBufferBytes,
                workers,
                closeMillis);
    }

    /** The same with other bounds on memory of replies that wait. */
    public NbdLimits withMemory(long newMaxInFlightBytes, long newSharedBufferBytes) {
        return new NbdLimits(
                maxConnections,
                maxNegotiating,
                handshakeMillis,
                maxOptions,
                maxOptionBytes,
                stallMillis,
                receiveBufferBytes,
                sendBufferBytes,
                maxPayloadBytes,
                maxInFlight,
                newMaxInFlightBytes,
                newSharedBufferBytes,
                workers,
                closeMillis);
    }
}
