package io.blkspc.cli.control;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Lines of UTF-8 over a socket, each ended by one line feed and of bounded length. One thread reads; any thread may write.
 * Owns the channel.
 */
final class LineChannel implements AutoCloseable {

    /** A line longer than allowed: what follows it cannot be trusted. */
    static final class TooLongException extends IOException {
        private static final long serialVersionUID = 1L;

        TooLongException(int maxBytes) {
            super("line is too long: limit=" + maxBytes);
        }
    }

    /** Nothing arrived for as long as the reader was willing to wait. */
    static final class SilenceException extends IOException {
        private static final long serialVersionUID = 1L;

        SilenceException(long millis) {
            super("no answer: waited_ms=" + millis);
        }
    }

    private static final int CHUNK_BYTES = 16 * 1024;

    private final SocketChannel channel;
    private final int maxLineBytes;
    private byte[] buffer = new byte[CHUNK_BYTES];
    private int start;
    private int end;

    LineChannel(SocketChannel channel, int maxLineBytes) {
        this.channel = channel;
        this.maxLineBytes = maxLineBytes;
    }

    /**
     * Reads one line, without its line feed.
     *
     * @param silenceMillis how long to wait for more bytes; 0: for ever
     * @return {@code null} when the peer closed between two lines
     * @throws EOFException when it closed inside a line
     * @throws SilenceException when nothing came for that long
     * @throws TooLongException when the line has more bytes than allowed
     */
    String readLine(long silenceMillis) throws IOException {
        int at = start;
        while (true) {
            for (; at < end; at++) {
                if (buffer[at] == '\n') {
                    String line = new String(buffer, start, at - start, StandardCharsets.UTF_8);
                    start = at + 1;
                    return line;
                }
            }
            if (end - start > maxLineBytes) {
                throw new TooLongException(maxLineBytes);
            }
            makeRoom();
            at = end;
            if (silenceMillis > 0) {
                awaitReadable(silenceMillis);
            }
            int count = channel.read(ByteBuffer.wrap(buffer, end, buffer.length - end));
            if (count < 0) {
                if (end > start) {
                    throw new EOFException("connection closed inside a line");
                }
                return null;
            }
            end += count;
        }
    }

    /** Moves an unfinished line to the front and leaves room for at least one more byte. */
    private void makeRoom() {
        if (start > 0) {
            System.arraycopy(buffer, start, buffer, 0, end - start);
            end -= start;
            start = 0;
        }
        if (end == buffer.length) {
            buffer = Arrays.copyOf(buffer, buffer.length * 2);
        }
    }

    /** A blocking read of a channel knows no time limit. The channel is blocking again afterwards. */
    private void awaitReadable(long millis) throws IOException {
        try (Selector selector = channel.provider().openSelector()) {
            channel.configureBlocking(false);
            SelectionKey key = channel.register(selector, SelectionKey.OP_READ);
            int ready = selector.select(millis);
            key.cancel();
            selector.selectNow();
            channel.configureBlocking(true);
            if (ready == 0) {
                throw new SilenceException(millis);
            }
        }
    }

    /** Writes one line. */
    synchronized void writeLine(String line) throws IOException {
        ByteBuffer bytes = StandardCharsets.UTF_8.encode(line + "\n");
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
