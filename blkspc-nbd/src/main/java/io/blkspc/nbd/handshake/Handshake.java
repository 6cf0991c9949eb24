package io.blkspc.nbd.handshake;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.BlockSpaceException;
import io.blkspc.nbd.protocol.ClientFlags;
import io.blkspc.nbd.protocol.ExportNameRequest;
import io.blkspc.nbd.protocol.InfoRequest;
import io.blkspc.nbd.protocol.MetaContextReply;
import io.blkspc.nbd.protocol.MetaContextRequest;
import io.blkspc.nbd.protocol.NbdInfo;
import io.blkspc.nbd.protocol.NbdOption;
import io.blkspc.nbd.protocol.NbdReply;
import io.blkspc.nbd.protocol.OptionHeader;
import io.blkspc.nbd.protocol.ServerGreeting;
import io.blkspc.nbd.protocol.TransmissionFlags;
import io.blkspc.nbd.service.ExportDescription;
import io.blkspc.nbd.service.ExportSource;
import io.blkspc.nbd.service.NbdLimits;
import io.blkspc.nbd.transport.Link;
import io.blkspc.nbd.transport.ReceiveBuffer;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One client's fixed newstyle handshake. Owned by the connection's thread.
 *
 * <p>Options come in any order; each is consumed whole before it is judged, so that the next one is found after every
 * refusal. An option that is too long, one too many, or a wrong magic number ends the connection. The space is opened at a
 * successful GO or EXPORT_NAME and not before: everything else costs the server nothing.
 */
public final class Handshake {

    private static final Logger log = LoggerFactory.getLogger("blkspc.control");

    private final Link link;
    private final ReceiveBuffer in;
    private final ExportSource exports;
    private final NbdLimits limits;
    private final BooleanSupplier admission;
    private final OptionReplies replies;
    private final OptionHeader header = new OptionHeader();

    private boolean noZeroes;
    private boolean structured;
    private String contextExport; // the export that base:allocation was chosen for, or null
    private boolean ended;
    private Negotiated negotiated;

    /**
     * Prepares a handshake.
     *
     * @param arena where its own buffer lives, until the handshake is over
     * @param admission asked once, when the client has chosen an export: whether there is room for it
     */
    public Handshake(
            Link link,
            ReceiveBuffer in,
            ExportSource exports,
            NbdLimits limits,
            BooleanSupplier admission,
            Arena arena) {
        this.link = link;
        this.in = in;
        this.exports = exports;
        this.limits = limits;
        this.admission = admission;
        this.replies = new OptionReplies(link, arena);
    }

    /** Bytes of the receive buffer that a handshake needs. */
    public static int bufferBytes(NbdLimits limits) {
        return limits.maxOptionBytes() + OptionHeader.BYTES;
    }

    /**
     * Talks until the client chose an export or the connection is over.
     *
     * @return what was agreed, or {@code null} when there is nothing more to do with this client
     */
    public Negotiated run() throws IOException {
        replies.greeting();
        replies.send();
        if (!in.require(link, ClientFlags.BYTES)) {
            return null;
        }
        int flags = new ClientFlags().wrap(in.segment(), in.position()).flags();
        in.consume(ClientFlags.BYTES);
        if ((flags & ~ClientFlags.KNOWN) != 0) {
            return refuse("unknown client flags: flags=" + Integer.toHexString(flags));
        }
        noZeroes = (flags & ServerGreeting.NO_ZEROES) != 0;
        for (int options = 0; options < limits.maxOptions(); options++) {
            if (!in.require(link, OptionHeader.BYTES)) {
                return null;
            }
            header.wrap(in.segment(), in.position());
            if (header.magic() != OptionHeader.MAGIC) {
                return refuse("not an option: magic=" + Long.toHexString(header.magic()));
            }
            int option = header.option();
            long length = header.length();
            if (length > limits.maxOptionBytes()) {
                return refuse("option is too long: option=" + option + ", length=" + length);
            }
            if (!in.require(link, OptionHeader.BYTES + (int) length)) {
                return null;
            }
            in.consume(OptionHeader.BYTES);
            answer(option, (int) length);
            in.consume((int) length);
            replies.send();
            if (ended) {
                return negotiated;
            }
        }
        return refuse("too many options: options=" + limits.maxOptions());
    }

    private Negotiated refuse(String facts) {
        log.info("{}: refused: {}", link.peer(), facts);
        return null;
    }

    private void answer(int option, int length) throws IOException {
        switch (option) {
            case NbdOption.EXPORT_NAME -> exportName(length);
            case NbdOption.ABORT -> {
                replies.acknowledge(option);
                ended = true;
            }
            case NbdOption.LIST -> list(length);
            case NbdOption.INFO, NbdOption.GO -> info(option, length);
            case NbdOption.STRUCTURED_REPLY -> structuredReply(length);
            case NbdOption.LIST_META_CONTEXT, NbdOption.SET_META_CONTEXT -> metaContext(option, length);
            default -> replies.error(option, NbdReply.ERR_UNSUP, "option is not supported: option=" + option);
        }
    }

    private void list(int length) throws IOException {
        if (length != 0) {
            replies.error(NbdOption.LIST, NbdReply.ERR_INVALID, "the option takes no data: length=" + length);
            return;
        }
        for (ExportDescription export : exports.list()) {
            replies.export(NbdOption.LIST, export);
        }
        replies.acknowledge(NbdOption.LIST);
    }

    private void structuredReply(int length) throws IOException {
        if (length != 0) {
            replies.error(
                    NbdOption.STRUCTURED_REPLY, NbdReply.ERR_INVALID, "the option takes no data: length=" + length);
            return;
        }
        structured = true;
        replies.acknowledge(NbdOption.STRUCTURED_REPLY);
    }

    private void exportName(int length) throws IOException {
        ended = true; // this option has no error reply
        String name =
                ExportNameRequest.read(in.segment(), in.position(), length).name();
        ExportDescription export = find(name);
        if (export == null) {
            refuse("no such export: name=" + LogText.of(name));
            return;
        }
        BlockSpace space = open(export);
        if (space == null) {
            refuse("no such export: name=" + LogText.of(name));
        } else if (!admission.getAsBoolean()) {
            space.close();
            refuse("too many connections: name=" + LogText.of(name));
        } else {
            agree(export, space);
            replies.exportName(space.sizeBytes(), flags(space.isReadOnly()), !noZeroes);
        }
    }

    private void info(int option, int length) throws IOException {
        InfoRequest request = InfoRequest.read(in.segment(), in.position(), length);
        if (request == null) {
            replies.error(option, NbdReply.ERR_INVALID, "lengths do not agree: option=" + option);
            return;
        }
        ExportDescription export = find(request.name());
        BlockSpace space = null;
        if (export != null && option == NbdOption.GO) {
            space = open(export);
            export = space == null ? null : export;
        }
        if (export == null) {
            log.info("{}: refused: no such export: name={}", link.peer(), LogText.of(request.name()));
            replies.error(option, NbdReply.ERR_UNKNOWN, noSuchExport(request.name()));
            return;
        }
        if (space != null && !admission.getAsBoolean()) {
            space.close();
            log.info("{}: refused: too many connections", link.peer());
            replies.error(option, NbdReply.ERR_POLICY, "too many connections");
            return;
        }
        if (space != null) {
            agree(export, space); // from here on the space is closed with the connection, also when sending fails
        }
        replies.infoExport(option, space == null ? export.sizeBytes() : space.sizeBytes(), flags(export.readOnly()));
        if (request.wantsName()) {
            replies.infoText(option, NbdInfo.NAME, export.name());
        }
        if (request.wantsDescription()) {
            replies.infoText(option, NbdInfo.DESCRIPTION, export.description());
        }
        if (request.wantsBlockSize()) {
            replies.infoBlockSize(option);
        }
        replies.acknowledge(option);
    }

    private void metaContext(int option, int length) throws IOException {
        MetaContextRequest request = MetaContextRequest.read(in.segment(), in.position(), length);
        if (request == null) {
            replies.error(option, NbdReply.ERR_INVALID, "lengths do not agree: option=" + option);
            return;
        }
        if (!structured) {
            replies.error(option, NbdReply.ERR_INVALID, "structured replies come first");
            return;
        }
        if (option == NbdOption.SET_META_CONTEXT) {
            contextExport = null;
        }
        ExportDescription export = find(request.name());
        if (export == null) {
            replies.error(option, NbdReply.ERR_UNKNOWN, noSuchExport(request.name()));
            return;
        }
        boolean chosen = request.queries().contains(MetaContextReply.BASE_ALLOCATION);
        if (option == NbdOption.LIST_META_CONTEXT) {
            if (chosen || request.queryCount() == 0 || request.queries().contains("base:")) {
                replies.metaContext(option, 0, MetaContextReply.BASE_ALLOCATION);
            }
        } else if (chosen) {
            contextExport = export.name();
            replies.metaContext(option, Negotiated.BASE_ALLOCATION_ID, MetaContextReply.BASE_ALLOCATION);
        }
        replies.acknowledge(option);
    }

    private void agree(ExportDescription export, BlockSpace space) {
        ended = true;
        negotiated = new Negotiated(space, structured, export.name().equals(contextExport));
    }

    /** What the connection must close when {@link #run} did not return it because sending failed. */
    public Negotiated negotiated() {
        return negotiated;
    }

    private ExportDescription find(String name) {
        if (name == null) {
            return null;
        }
        return name.isEmpty() ? exports.defaultExport() : exports.describe(name);
    }

    private BlockSpace open(ExportDescription export) {
        try {
            return exports.open(export.name());
        } catch (BlockSpaceException e) {
            log.info("{}: export cannot be opened: {}", link.peer(), e.getMessage());
            return null;
        }
    }

    private static String noSuchExport(String name) {
        return name != null && name.isEmpty()
                ? "there is no default export: name one"
                : "no such export: " + LogText.of(name);
    }

    private int flags(boolean readOnly) {
        int flags = TransmissionFlags.HAS_FLAGS | TransmissionFlags.SEND_FLUSH | TransmissionFlags.CAN_MULTI_CONN;
        if (readOnly) {
            flags |= TransmissionFlags.READ_ONLY;
        } else {
            flags |= TransmissionFlags.SEND_FUA
                    | TransmissionFlags.SEND_TRIM
                    | TransmissionFlags.SEND_WRITE_ZEROES
                    | TransmissionFlags.SEND_FAST_ZERO;
        }
        return structured ? flags | TransmissionFlags.SEND_DF : flags;
    }
}
