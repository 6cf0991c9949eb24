package io.blkspc.nbd.handshake;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.BlockSpaceException;
import io.blkspc.nbd.protocol.ClientFlags;
import io.blkspc.nbd.protocol.DirtyBitmap;
import io.blkspc.nbd.protocol.ExportNameRequest;
import io.blkspc.nbd.protocol.InfoRequest;
import io.blkspc.nbd.protocol.MetaContextRequest;
import io.blkspc.nbd.protocol.NbdInfo;
import io.blkspc.nbd.protocol.NbdOption;
import io.blkspc.nbd.protocol.NbdReply;
import io.blkspc.nbd.protocol.OptionHeader;
import io.blkspc.nbd.protocol.ReplyStyle;
import io.blkspc.nbd.protocol.RequestHeader;
import io.blkspc.nbd.protocol.ServerGreeting;
import io.blkspc.nbd.protocol.TransmissionFlags;
import io.blkspc.nbd.service.ExportDescription;
import io.blkspc.nbd.service.ExportSource;
import io.blkspc.nbd.service.NbdLimits;
import io.blkspc.nbd.transport.Link;
import io.blkspc.nbd.transport.ReceiveBuffer;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One client's fixed newstyle handshake. Owned by the connection's thread.
 *
 * <p>Options come in any order; each is consumed whole before it is judged, so that the next one is found after every
 * refusal. An option that is too long, one too many, or a wrong magic number ends the connection. The space is opened at a
 * successful GO or EXPORT_NAME and not before: everything else costs the server nothing.
 *
 * <p>Nothing that was said in plain text counts once TLS has begun: bytes that came after STARTTLS and before the answer end
 * the connection, and what was agreed before is forgotten.
 */
public final class Handshake {

    private static final Logger log = LoggerFactory.getLogger("blkspc.control");

    private final Link link;
    private final ReceiveBuffer in;
    private final ExportSource exports;
    private final NbdLimits limits;
    private final Reception reception;
    private final Encryption encryption;
    private final OptionReplies replies;
    private final OptionHeader header = new OptionHeader();

    private final ContextChoice contexts;
    private boolean noZeroes;
    private ReplyStyle style = ReplyStyle.SIMPLE;
    private boolean ended;
    private Negotiated negotiated;

    /**
     * Prepares a handshake.
     *
     * @param arena where its own buffer lives, until the handshake is over
     * @param reception told of every option, and asked when the client has chosen an export
     * @param encryption whether there is TLS, and whether there is anything else
     */
    public Handshake(
            Link link,
            ReceiveBuffer in,
            ExportSource exports,
            NbdLimits limits,
            Reception reception,
            Encryption encryption,
            Arena arena) {
        this.link = link;
        this.in = in;
        this.exports = exports;
        this.contexts = new ContextChoice(exports);
        this.limits = limits;
        this.reception = reception;
        this.encryption = encryption;
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
        if (flags == RequestHeader.MAGIC) {
            return refuse("a client of the oldstyle handshake, which is not offered");
        }
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
            reception.spoke();
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
        if (encryption.isRequired() && !link.isEncrypted() && !isAnsweredInClear(option)) {
            refuseInClear(option);
            return;
        }
        switch (option) {
            case NbdOption.EXPORT_NAME -> exportName(length);
            case NbdOption.ABORT -> {
                replies.acknowledge(option);
                ended = true;
            }
            case NbdOption.STARTTLS -> startTls(length);
            case NbdOption.LIST -> list(length);
            case NbdOption.INFO, NbdOption.GO -> info(option, length);
            case NbdOption.STRUCTURED_REPLY, NbdOption.EXTENDED_HEADERS -> headers(option, length);
            case NbdOption.LIST_META_CONTEXT, NbdOption.SET_META_CONTEXT -> metaContext(option, length);
            default -> unsupported(option);
        }
    }

    private void unsupported(int option) throws IOException {
        replies.error(option, NbdReply.ERR_UNSUP, "option is not supported: option=" + option);
    }

    private static boolean isAnsweredInClear(int option) {
        return option == NbdOption.STARTTLS || option == NbdOption.ABORT;
    }

    private void refuseInClear(int option) throws IOException {
        if (option == NbdOption.EXPORT_NAME) { // has no error reply
            ended = true;
            refuse("TLS is required");
        } else {
            replies.error(option, NbdReply.ERR_TLS_REQD, "TLS is required: begin it with STARTTLS");
        }
    }

    private void startTls(int length) throws IOException {
        if (encryption.credentials() == null) {
            unsupported(NbdOption.STARTTLS);
        } else if (link.isEncrypted()) {
            replies.error(NbdOption.STARTTLS, NbdReply.ERR_INVALID, "TLS has begun already");
        } else if (!hasData(NbdOption.STARTTLS, length)) {
            if (in.available() > 0) {
                ended = true;
                refuse("plain text came after STARTTLS: bytes=" + in.available());
                return;
            }
            replies.acknowledge(NbdOption.STARTTLS);
            replies.send();
            String agreed = link.startTls(encryption.credentials().newEngine());
            contexts.clear();
            style = ReplyStyle.SIMPLE;
            log.info("{}: {}", link.peer(), agreed);
        }
    }

    private void list(int length) throws IOException {
        if (hasData(NbdOption.LIST, length)) {
            return;
        }
        for (ExportDescription export : exports.list()) {
            replies.export(NbdOption.LIST, export);
        }
        replies.acknowledge(NbdOption.LIST);
    }

    private void headers(int option, int length) throws IOException {
        if (hasData(option, length)) {
            return;
        }
        if (option == NbdOption.EXTENDED_HEADERS) {
            style = ReplyStyle.EXTENDED;
        } else if (style == ReplyStyle.EXTENDED) {
            replies.error(option, NbdReply.ERR_EXT_HEADER_REQD, "extended headers were agreed");
            return;
        } else {
            style = ReplyStyle.STRUCTURED;
        }
        replies.acknowledge(option);
    }

    private boolean hasData(int option, int length) throws IOException {
        if (length != 0) {
            replies.error(option, NbdReply.ERR_INVALID, "the option takes no data: length=" + length);
        }
        return length != 0;
    }

    /** This option has no error reply: every failure ends the connection. */
    private void exportName(int length) throws IOException {
        ended = true;
        if (style == ReplyStyle.EXTENDED) {
            refuse("the option EXPORT_NAME cannot follow extended headers");
            return;
        }
        String name =
                ExportNameRequest.read(in.segment(), in.position(), length).name();
        ExportDescription export = find(name);
        BlockSpace space = export == null ? null : open(export);
        if (space == null) {
            refuse("no such export: name=" + LogText.of(name));
            return;
        }
        Admission answer = reception.admit();
        if (answer != Admission.ADMITTED) {
            space.close();
            refuse("no room: " + answer + ", name=" + LogText.of(name));
        } else {
            agree(export, space);
            replies.exportName(space.sizeBytes(), flags(export), !noZeroes);
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
        if (space != null) {
            if (!isAdmitted(option, space)) {
                return;
            }
            agree(export, space); // from here on the space is closed with the connection, also when sending fails
        }
        replies.infoExport(option, space == null ? export.sizeBytes() : space.sizeBytes(), flags(export));
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

    private boolean isAdmitted(int option, BlockSpace space) throws IOException {
        Admission answer = reception.admit();
        if (answer == Admission.ADMITTED) {
            return true;
        }
        space.close();
        log.info("{}: refused: no room: {}", link.peer(), answer);
        if (answer == Admission.FULL) {
            replies.error(option, NbdReply.ERR_POLICY, "too many connections");
        } else {
            replies.error(option, NbdReply.ERR_SHUTDOWN, "the server is closing");
        }
        return false;
    }

    private void metaContext(int option, int length) throws IOException {
        boolean set = option == NbdOption.SET_META_CONTEXT;
        if (set) {
            contexts.clear(); // also when what follows fails
        }
        MetaContextRequest request = MetaContextRequest.read(in.segment(), in.position(), length);
        if (request == null) {
            replies.error(option, NbdReply.ERR_INVALID, "lengths do not agree: option=" + option);
            return;
        }
        if (!style.chunked()) {
            replies.error(option, NbdReply.ERR_INVALID, "structured replies or extended headers come first");
            return;
        }
        ExportDescription export = find(request.name());
        if (export == null) {
            replies.error(option, NbdReply.ERR_UNKNOWN, noSuchExport(request.name()));
            return;
        }
        if (set) {
            chooseContexts(export, request);
            return;
        }
        for (String context : contexts.listed(export.name(), request)) {
            replies.metaContext(option, 0, context);
        }
        replies.acknowledge(option);
    }

    private void chooseContexts(ExportDescription export, MetaContextRequest request) throws IOException {
        Map<String, Integer> chosen = contexts.choose(export.name(), request);
        if (chosen == null) {
            String facts = "too many contexts of this kind: most=" + DirtyBitmap.MAX_CHOSEN;
            replies.error(NbdOption.SET_META_CONTEXT, NbdReply.ERR_TOO_BIG, facts);
            return;
        }
        for (Map.Entry<String, Integer> context : chosen.entrySet()) {
            replies.metaContext(NbdOption.SET_META_CONTEXT, context.getValue(), context.getKey());
        }
        replies.acknowledge(NbdOption.SET_META_CONTEXT);
    }

    private void agree(ExportDescription export, BlockSpace space) {
        ended = true;
        boolean guaranteed = export.guaranteed() && !space.isReadOnly();
        negotiated = new Negotiated(space, style, contexts.forExport(export.name()), contexts.bitmaps(), guaranteed);
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

    private int flags(ExportDescription export) {
        int flags = TransmissionFlags.HAS_FLAGS
                | TransmissionFlags.SEND_FLUSH
                | TransmissionFlags.SEND_CACHE
                | TransmissionFlags.CAN_MULTI_CONN;
        if (export.readOnly()) {
            flags |= TransmissionFlags.READ_ONLY;
        } else {
            flags |= TransmissionFlags.SEND_FUA
                    | TransmissionFlags.SEND_TRIM
                    | TransmissionFlags.SEND_WRITE_ZEROES
                    | TransmissionFlags.SEND_FAST_ZERO;
        }
        if (style.chunked()) {
            flags |= TransmissionFlags.SEND_DF;
        }
        if (style == ReplyStyle.EXTENDED && contexts.forExport(export.name()) != 0) {
            flags |= TransmissionFlags.BLOCK_STATUS_PAYLOAD;
        }
        return flags;
    }
}
