package io.blkspc.nbd.handshake;

import io.blkspc.nbd.protocol.ExportNameReply;
import io.blkspc.nbd.protocol.InfoBlockSize;
import io.blkspc.nbd.protocol.InfoExport;
import io.blkspc.nbd.protocol.InfoText;
import io.blkspc.nbd.protocol.ListEntry;
import io.blkspc.nbd.protocol.MetaContextReply;
import io.blkspc.nbd.protocol.NbdReply;
import io.blkspc.nbd.protocol.OptionHeader;
import io.blkspc.nbd.protocol.OptionReplyHeader;
import io.blkspc.nbd.protocol.OptionText;
import io.blkspc.nbd.protocol.ServerGreeting;
import io.blkspc.nbd.service.ExportDescription;
import io.blkspc.nbd.service.NbdLimits;
import io.blkspc.nbd.transport.Link;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;

/** Writes what the server says in the handshake; what belongs together is sent together. Owned by one thread. */
final class OptionReplies {

    /** Two strings of the largest size, and headers. */
    private static final int LARGEST_REPLY_BYTES = OptionReplyHeader.BYTES + Integer.BYTES + 2 * OptionText.MAX_BYTES;

    private static final int BUFFER_BYTES = 4 * LARGEST_REPLY_BYTES;
    private static final int MINIMUM_BLOCK_BYTES = 1;
    private static final int PREFERRED_BLOCK_BYTES = 4096;

    private final Link link;
    private final MemorySegment segment;
    private final ByteBuffer view;
    private final OptionReplyHeader header = new OptionReplyHeader();
    private int end;

    OptionReplies(Link link, Arena arena) {
        this.link = link;
        this.segment = arena.allocate(BUFFER_BYTES, Long.BYTES);
        this.view = segment.asByteBuffer();
    }

    void greeting() {
        new ServerGreeting()
                .wrap(segment, end)
                .magic(ServerGreeting.MAGIC)
                .optionMagic(OptionHeader.MAGIC)
                .flags(ServerGreeting.FIXED_NEWSTYLE | ServerGreeting.NO_ZEROES);
        end += ServerGreeting.BYTES;
    }

    void acknowledge(int option) throws IOException {
        long data = begin();
        finish(option, NbdReply.ACK, data);
    }

    void error(int option, int type, String text) throws IOException {
        long data = begin();
        int length = textBytes(data, text);
        finish(option, type, data + length);
    }

    void export(int option, ExportDescription export) throws IOException {
        long data = begin();
        finish(option, NbdReply.SERVER, data + ListEntry.write(segment, data, export.name(), export.description()));
    }

    void infoExport(int option, long sizeBytes, int flags) throws IOException {
        long data = begin();
        new InfoExport()
                .wrap(segment, data)
                .type(InfoExport.TYPE)
                .size(sizeBytes)
                .flags(flags);
        finish(option, NbdReply.INFO, data + InfoExport.BYTES);
    }

    void infoBlockSize(int option) throws IOException {
        long data = begin();
        new InfoBlockSize()
                .wrap(segment, data)
                .type(InfoBlockSize.TYPE)
                .minimum(MINIMUM_BLOCK_BYTES)
                .preferred(PREFERRED_BLOCK_BYTES)
                .maximum(NbdLimits.ADVERTISED_PAYLOAD_BYTES);
        finish(option, NbdReply.INFO, data + InfoBlockSize.BYTES);
    }

    void infoText(int option, int type, String text) throws IOException {
        long data = begin();
        finish(option, NbdReply.INFO, data + InfoText.write(segment, data, type, text));
    }

    void metaContext(int option, int contextId, String name) throws IOException {
        long data = begin();
        finish(option, NbdReply.META_CONTEXT, data + MetaContextReply.write(segment, data, contextId, name));
    }

    void exportName(long sizeBytes, int flags, boolean padded) throws IOException {
        begin();
        new ExportNameReply().wrap(segment, end).size(sizeBytes).flags(flags);
        end += ExportNameReply.BYTES;
        if (padded) {
            segment.asSlice(end, ExportNameReply.PADDING_BYTES).fill((byte) 0);
            end += ExportNameReply.PADDING_BYTES;
        }
    }

    /** Sends what was written. */
    void send() throws IOException {
        if (end > 0) {
            link.send(view.limit(end).position(0));
            end = 0;
        }
    }

    /** Makes room for one reply and returns where its data goes. */
    private long begin() throws IOException {
        if (end > BUFFER_BYTES - LARGEST_REPLY_BYTES) {
            send();
        }
        return end + (long) OptionReplyHeader.BYTES;
    }

    /** Writes the header of the reply whose data ends at {@code dataEnd}. */
    private void finish(int option, int type, long dataEnd) {
        header.wrap(segment, end)
                .magic(OptionReplyHeader.MAGIC)
                .option(option)
                .type(type)
                .length(dataEnd - (end + (long) OptionReplyHeader.BYTES));
        end = (int) dataEnd;
    }

    private int textBytes(long start, String text) {
        byte[] bytes = OptionText.encode(text);
        MemorySegment.copy(bytes, 0, segment, ValueLayout.JAVA_BYTE, start, bytes.length);
        return bytes.length;
    }
}
