package io.blkspc.nbd.handshake;

import static io.blkspc.nbd.testing.RawNbd.OPT_ABORT;
import static io.blkspc.nbd.testing.RawNbd.OPT_EXPORT_NAME;
import static io.blkspc.nbd.testing.RawNbd.OPT_EXTENDED_HEADERS;
import static io.blkspc.nbd.testing.RawNbd.OPT_GO;
import static io.blkspc.nbd.testing.RawNbd.OPT_INFO;
import static io.blkspc.nbd.testing.RawNbd.OPT_LIST;
import static io.blkspc.nbd.testing.RawNbd.OPT_LIST_META_CONTEXT;
import static io.blkspc.nbd.testing.RawNbd.OPT_SET_META_CONTEXT;
import static io.blkspc.nbd.testing.RawNbd.OPT_STRUCTURED_REPLY;
import static io.blkspc.nbd.testing.RawNbd.REP_ACK;
import static io.blkspc.nbd.testing.RawNbd.REP_ERR_EXT_HEADER_REQD;
import static io.blkspc.nbd.testing.RawNbd.REP_ERR_INVALID;
import static io.blkspc.nbd.testing.RawNbd.REP_ERR_UNKNOWN;
import static io.blkspc.nbd.testing.RawNbd.REP_ERR_UNSUP;
import static io.blkspc.nbd.testing.RawNbd.REP_META_CONTEXT;
import static org.assertj.core.api.Assertions.assertThat;

import io.blkspc.nbd.testing.RawNbd;
import io.blkspc.nbd.testing.RawNbd.OptionReply;
import io.blkspc.nbd.testing.TestServer;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HandshakeTest {

    private static final byte[] NOTHING = new byte[0];
    private static final long SIZE = 64L << 20;
    private static final int BLOCK_STATUS_PAYLOAD = 1 << 12;
    private static final String BASE = "base:allocation";
    private static final String DEPTH = "qemu:allocation-depth";
    private static final String SINCE_ONE = "qemu:dirty-bitmap:one";
    private static final String GUARANTEE = "blkspc:guarantee";
    private static TestServer server;

    @BeforeAll
    static void start() throws Exception {
        server = TestServer.start();
        server.pool().snapshot(List.of("vol@one"));
    }

    @AfterAll
    static void stop() throws Exception {
        server.close();
    }

    private static RawNbd greeted() throws Exception {
        RawNbd raw = server.raw();
        assertThat(raw.greet(3)).isEqualTo(3);
        return raw;
    }

    private static byte[] name(String name) {
        return name.getBytes(StandardCharsets.UTF_8);
    }

    @ParameterizedTest
    @ValueSource(ints = {4, 7, 0x80000003, -1})
    void unknownClientFlagsEndTheConnection(int flags) throws Exception {
        try (RawNbd raw = server.raw()) {
            raw.greet(flags);
            assertThat(raw.isClosedByServer()).isTrue();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3})
    void exportNameIsAnsweredWithPaddingUnlessBothSidesLeaveItOut(int flags) throws Exception {
        try (RawNbd raw = server.raw()) {
            raw.greet(flags);
            raw.send(RawNbd.option(OPT_EXPORT_NAME, name("vol")));
            ByteBuffer reply = raw.read((flags & 2) != 0 ? 10 : 134);
            assertThat(reply.getLong()).isEqualTo(SIZE);
            assertThat(Short.toUnsignedInt(reply.getShort())).isEqualTo(1 | 4 | 8 | 32 | 64 | 256 | 1024 | 2048);
            while (reply.hasRemaining()) {
                assertThat(reply.get()).isZero();
            }
            raw.send(RawNbd.request(0, 0, 7, 0, 512));
            ByteBuffer data = raw.read(16 + 512);
            assertThat(data.getInt()).isEqualTo(0x67446698);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"nope", "vol/", "../vol", "/etc/passwd", "VOL", "vol ", "vol\n", "vol@", "vol@two", "."})
    void unknownExportsAreUnknownWhateverTheyLookLike(String name) throws Exception {
        try (RawNbd raw = greeted()) {
            for (int option : new int[] {OPT_INFO, OPT_GO}) {
                assertThat(raw.ask(option, RawNbd.infoData(name)).getLast().type())
                        .isEqualTo(REP_ERR_UNKNOWN);
            }
            raw.send(RawNbd.option(OPT_EXPORT_NAME, name(name)));
            assertThat(raw.isClosedByServer()).isTrue();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {255, 256, 257, 3000, 4095, 4096, 4097, 60_000})
    void longNamesAreUnknownAndTheConnectionStaysInStep(int length) throws Exception {
        try (RawNbd raw = greeted()) {
            String name = "a".repeat(length);
            raw.ask(OPT_STRUCTURED_REPLY, NOTHING);
            for (int option : new int[] {OPT_INFO, OPT_GO}) {
                OptionReply reply = raw.ask(option, RawNbd.infoData(name)).getLast();
                assertThat(reply.type()).isEqualTo(REP_ERR_UNKNOWN);
                assertThat(reply.data().length).isLessThanOrEqualTo(4096);
            }
            assertThat(raw.ask(OPT_LIST_META_CONTEXT, RawNbd.metaData(name))
                            .getLast()
                            .type())
                    .isEqualTo(REP_ERR_UNKNOWN);
            assertThat(raw.ask(OPT_GO, RawNbd.infoData("vol")).getLast().type()).isEqualTo(REP_ACK);
        }
    }

    @Test
    void namesThatAreNoTextAreUnknown() throws Exception {
        try (RawNbd raw = greeted()) {
            byte[] data = RawNbd.infoData("vxl");
            data[5] = 0;
            assertThat(raw.ask(OPT_INFO, data).getLast().type()).isEqualTo(REP_ERR_UNKNOWN);
            data[5] = (byte) 0xff;
            assertThat(raw.ask(OPT_INFO, data).getLast().type()).isEqualTo(REP_ERR_UNKNOWN);
        }
    }

    @Test
    void theEmptyNameIsTheOnlyVolume() throws Exception {
        try (RawNbd raw = greeted()) {
            List<OptionReply> replies = raw.ask(OPT_INFO, RawNbd.infoData("", 1));
            assertThat(replies.get(1).text()).endsWith("vol");
            server.pool().create("other", 4096);
            try {
                assertThat(raw.ask(OPT_INFO, RawNbd.infoData("")).getLast().type())
                        .isEqualTo(REP_ERR_UNKNOWN);
            } finally {
                server.pool().destroy(List.of("other"), false);
            }
            assertThat(raw.ask(OPT_GO, RawNbd.infoData("")).getLast().type()).isEqualTo(REP_ACK);
        }
    }

    @Test
    void infoTellsExactlyWhatGoTells() throws Exception {
        for (String name : new String[] {"vol", "vol@one", ""}) {
            try (RawNbd raw = greeted()) {
                raw.ask(OPT_STRUCTURED_REPLY, NOTHING);
                byte[] data = RawNbd.infoData(name, 3, 1, 2, 0, 77, 3);
                List<byte[]> info =
                        raw.ask(OPT_INFO, data).stream().map(OptionReply::data).toList();
                List<byte[]> go =
                        raw.ask(OPT_GO, data).stream().map(OptionReply::data).toList();
                assertThat(go).hasSize(5).usingRecursiveComparison().isEqualTo(info);
                assertThat(ByteBuffer.wrap(go.get(3)).getShort(0)).isEqualTo((short) 3);
                assertThat(ByteBuffer.wrap(go.get(3)).getInt(2)).isEqualTo(1);
                assertThat(ByteBuffer.wrap(go.get(3)).getInt(6)).isEqualTo(4096);
                assertThat(ByteBuffer.wrap(go.get(3)).getInt(10)).isEqualTo(32 << 20);
            }
        }
    }

    @Test
    void listTellsEveryExportAndTakesNoData() throws Exception {
        try (RawNbd raw = greeted()) {
            assertThat(raw.ask(OPT_LIST, NOTHING).stream().map(r -> r.data().length > 4 ? nameOf(r.data()) : ""))
                    .containsExactly("vol", "vol@one", "");
            assertThat(raw.ask(OPT_LIST, new byte[1]).getLast().type()).isEqualTo(REP_ERR_INVALID);
            assertThat(raw.ask(OPT_LIST, NOTHING)).hasSize(3);
        }
    }

    private static String nameOf(byte[] entry) {
        int length = ByteBuffer.wrap(entry).getInt();
        return new String(entry, 4, length, StandardCharsets.UTF_8);
    }

    @Test
    void aListOfThousandsOfExportsIsComplete() throws Exception {
        try (TestServer many = TestServer.start()) {
            for (int i = 0; i < 3000; i++) {
                many.pool().create("volume-with-a-rather-long-name-" + i, 4096);
            }
            try (RawNbd raw = many.raw()) {
                raw.greet(3);
                assertThat(raw.ask(OPT_LIST, NOTHING)).hasSize(3002);
                assertThat(raw.ask(OPT_GO, RawNbd.infoData("vol")).getLast().type())
                        .isEqualTo(REP_ACK);
            }
        }
    }

    @Test
    void unknownOptionsAreUnsupportedAndTheNextOneIsFound() throws Exception {
        try (RawNbd raw = greeted()) {
            for (int option : new int[] {0, 4, 5, 12, 99, -1, Integer.MIN_VALUE}) {
                OptionReply reply = raw.ask(option, new byte[option & 0xff]).getLast();
                assertThat(reply.type()).isEqualTo(REP_ERR_UNSUP);
                assertThat(reply.option()).isEqualTo(option);
            }
            assertThat(raw.ask(OPT_GO, RawNbd.infoData("vol")).getLast().type()).isEqualTo(REP_ACK);
        }
    }

    @Test
    void lengthsThatDoNotAgreeAreInvalidAndTheNextOptionIsFound() throws Exception {
        byte[] good = RawNbd.infoData("vol", 1, 3);
        for (int delta : new int[] {-1024, -6, -5, -4, -3, -2, -1, 1, 2, 3, 1024}) {
            int length = good.length + delta;
            if (length < 0) {
                continue;
            }
            try (RawNbd raw = greeted()) {
                byte[] data = Arrays.copyOf(good, length);
                for (int option : new int[] {OPT_INFO, OPT_GO}) {
                    assertThat(raw.ask(option, data).getLast().type()).isEqualTo(REP_ERR_INVALID);
                }
                assertThat(raw.ask(OPT_GO, good).getLast().type()).isEqualTo(REP_ACK);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 4, 0x7fffffff, 0x80000000, 0xffffffff, 0xfffffffa})
    void nameLengthsThatLieAreInvalid(int lie) throws Exception {
        try (RawNbd raw = greeted()) {
            byte[] data = RawNbd.infoData("vol", 3);
            ByteBuffer.wrap(data).putInt(0, lie);
            assertThat(raw.ask(OPT_INFO, data).getLast().isError()).isTrue();
            assertThat(raw.ask(OPT_GO, data).getLast().isError()).isTrue();
            raw.ask(OPT_STRUCTURED_REPLY, NOTHING);
            assertThat(raw.ask(OPT_SET_META_CONTEXT, data).getLast().isError()).isTrue();
            assertThat(raw.ask(OPT_GO, RawNbd.infoData("vol")).getLast().type()).isEqualTo(REP_ACK);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {65_537, 0x7fffffff, 0x80000000, 0xffffffff})
    void optionsThatAreTooLongEndTheConnectionAtOnce(int length) throws Exception {
        try (RawNbd raw = greeted()) {
            raw.send(RawNbd.option(OPT_INFO, length, NOTHING));
            assertThat(raw.isClosedByServer()).isTrue();
        }
    }

    @Test
    void theThirtyThirdOptionIsNotAnswered() throws Exception {
        try (RawNbd raw = greeted()) {
            for (int i = 0; i < 32; i++) {
                assertThat(raw.ask(OPT_INFO, RawNbd.infoData("vol")).getLast().type())
                        .isEqualTo(REP_ACK);
            }
            assertThat(raw.isClosedByServer()).isTrue();
        }
    }

    @Test
    void abortIsAcknowledgedWhateverItCarries() throws Exception {
        for (byte[] data : new byte[][] {NOTHING, new byte[1000]}) {
            try (RawNbd raw = greeted()) {
                assertThat(raw.ask(OPT_ABORT, data).getLast().type()).isEqualTo(REP_ACK);
                assertThat(raw.isClosedByServer()).isTrue();
            }
        }
    }

    @Test
    void optionsComeInAnyOrder() throws Exception {
        int[] options = {OPT_LIST, OPT_INFO, OPT_STRUCTURED_REPLY, OPT_SET_META_CONTEXT, OPT_LIST_META_CONTEXT, 99};
        for (List<Integer> order : permutations(options, 4)) {
            try (RawNbd raw = greeted()) {
                boolean structured = false;
                boolean context = false;
                for (int option : order) {
                    int type = ask(raw, option).getLast().type();
                    if (option == OPT_SET_META_CONTEXT || option == OPT_LIST_META_CONTEXT) {
                        assertThat(type).isEqualTo(structured ? REP_ACK : REP_ERR_INVALID);
                        context |= structured && option == OPT_SET_META_CONTEXT;
                    } else {
                        assertThat(type).isEqualTo(option == 99 ? REP_ERR_UNSUP : REP_ACK);
                    }
                    structured |= option == OPT_STRUCTURED_REPLY;
                }
                assertThat(raw.ask(OPT_GO, RawNbd.infoData("vol")).getLast().type())
                        .isEqualTo(REP_ACK);
                raw.send(RawNbd.request(7, 0, 1, 0, 4096)); // BLOCK_STATUS needs the context
                ByteBuffer reply = raw.read(16);
                assertThat(reply.getInt()).isEqualTo(structured ? 0x668e33ef : 0x67446698);
                assertThat(structured ? Short.toUnsignedInt(reply.getShort(6)) == 5 : reply.getInt(4) == 0)
                        .isEqualTo(context);
            }
        }
    }

    private static List<OptionReply> ask(RawNbd raw, int option) throws Exception {
        return switch (option) {
            case OPT_INFO -> raw.ask(option, RawNbd.infoData("vol"));
            case OPT_SET_META_CONTEXT, OPT_LIST_META_CONTEXT ->
                raw.ask(option, RawNbd.metaData("vol", "base:allocation"));
            default -> raw.ask(option, NOTHING);
        };
    }

    private static List<List<Integer>> permutations(int[] of, int length) {
        List<List<Integer>> result = new ArrayList<>();
        result.add(List.of());
        for (int step = 0; step < length; step++) {
            List<List<Integer>> longer = new ArrayList<>();
            for (List<Integer> prefix : result) {
                for (int option : of) {
                    if (!prefix.contains(option)) {
                        List<Integer> next = new ArrayList<>(prefix);
                        next.add(option);
                        longer.add(next);
                    }
                }
            }
            result = longer;
        }
        return result;
    }

    @Test
    void contextsAreListedByQueryAndChosenByName() throws Exception {
        try (RawNbd raw = greeted()) {
            raw.ask(OPT_STRUCTURED_REPLY, NOTHING);
            String[] all = {BASE, DEPTH, GUARANTEE};
            assertThat(contexts(raw, OPT_LIST_META_CONTEXT)).containsExactly(BASE, DEPTH, GUARANTEE, SINCE_ONE);
            assertThat(contexts(raw, OPT_LIST_META_CONTEXT, "base:")).containsExactly(BASE);
            assertThat(contexts(raw, OPT_LIST_META_CONTEXT, "qemu:")).containsExactly(DEPTH, SINCE_ONE);
            assertThat(contexts(raw, OPT_LIST_META_CONTEXT, "blkspc:", "base:")).containsExactly(BASE, GUARANTEE);
            assertThat(contexts(raw, OPT_LIST_META_CONTEXT, BASE, BASE, "base:"))
                    .containsExactly(BASE);
            assertThat(contexts(raw, OPT_LIST_META_CONTEXT, "qemu:dirty-bitmap:x", "nonsense", "", ":", "base"))
                    .isEmpty();
            assertThat(contexts(raw, OPT_LIST_META_CONTEXT, "base:allocation2", "base:alloc", "BASE:"))
                    .isEmpty();
            assertThat(contexts(raw, OPT_SET_META_CONTEXT)).isEmpty();
            assertThat(contexts(raw, OPT_SET_META_CONTEXT, "base:", "qemu:", "blkspc:"))
                    .isEmpty();
            assertThat(contexts(raw, OPT_SET_META_CONTEXT, "x:y", BASE, BASE)).containsExactly(BASE);
            assertThat(contexts(raw, OPT_SET_META_CONTEXT, GUARANTEE, DEPTH, BASE))
                    .containsExactly(all);
        }
    }

    /** Names of the contexts told; in a list ids are 0, in a choice they are not and differ. */
    private static List<String> contexts(RawNbd raw, int option, String... queries) throws Exception {
        List<String> names = new ArrayList<>();
        Set<Integer> ids = new HashSet<>();
        List<OptionReply> replies = raw.ask(option, RawNbd.metaData("vol", queries));
        assertThat(replies.getLast().type()).isEqualTo(REP_ACK);
        for (OptionReply reply : replies) {
            if (reply.type() == REP_META_CONTEXT) {
                names.add(reply.text().substring(4));
                int id = ByteBuffer.wrap(reply.data()).getInt();
                assertThat(id == 0).isEqualTo(option == OPT_LIST_META_CONTEXT);
                assertThat(ids.add(id) || id == 0).isTrue();
            }
        }
        return names;
    }

    @Test
    void aFailedChoiceOfContextsLeavesNoneChosen() throws Exception {
        byte[] malformed = Arrays.copyOf(RawNbd.metaData("vol", BASE), 12);
        for (byte[] failing : new byte[][] {malformed, RawNbd.metaData("nope", BASE)}) {
            try (RawNbd raw = greeted()) {
                raw.ask(OPT_STRUCTURED_REPLY, NOTHING);
                assertThat(contexts(raw, OPT_SET_META_CONTEXT, BASE)).hasSize(1);
                assertThat(raw.ask(OPT_SET_META_CONTEXT, failing).getLast().isError())
                        .isTrue();
                raw.ask(OPT_GO, RawNbd.infoData("vol"));
                raw.send(RawNbd.request(7, 0, 1, 0, 4096));
                assertThat(Short.toUnsignedInt(raw.read(20).getShort(6))).isEqualTo(0x8001);
            }
        }
    }

    @Test
    void extendedHeadersTakePrecedenceAndAreNotTakenBack() throws Exception {
        try (RawNbd raw = greeted()) {
            assertThat(raw.ask(OPT_EXTENDED_HEADERS, new byte[1]).getLast().type())
                    .isEqualTo(REP_ERR_INVALID);
            assertThat(raw.ask(OPT_STRUCTURED_REPLY, NOTHING).getLast().type()).isEqualTo(REP_ACK);
            assertThat(raw.ask(OPT_EXTENDED_HEADERS, NOTHING).getLast().type()).isEqualTo(REP_ACK);
            assertThat(raw.ask(OPT_EXTENDED_HEADERS, NOTHING).getLast().type()).isEqualTo(REP_ACK);
            assertThat(raw.ask(OPT_STRUCTURED_REPLY, NOTHING).getLast().type()).isEqualTo(REP_ERR_EXT_HEADER_REQD);
            assertThat(flagsOf(raw, OPT_INFO, "vol") & BLOCK_STATUS_PAYLOAD).isZero();
            assertThat(contexts(raw, OPT_SET_META_CONTEXT, BASE)).hasSize(1);
            assertThat(flagsOf(raw, OPT_INFO, "vol") & BLOCK_STATUS_PAYLOAD).isNotZero();
            assertThat(flagsOf(raw, OPT_INFO, "vol@one") & BLOCK_STATUS_PAYLOAD).isZero();
            assertThat(flagsOf(raw, OPT_GO, "vol") & BLOCK_STATUS_PAYLOAD).isNotZero();
            raw.send(RawNbd.extendedRequest(0, 0, 9, 512, 512));
            ByteBuffer reply = raw.read(32);
            assertThat(reply.getInt()).isEqualTo(0x6e8a278c);
            assertThat(reply.getLong(16)).isEqualTo(512);
        }
    }

    /** Headers and contexts are agreed apart: what was chosen under one kind of chunks counts under the other. */
    @Test
    void contextsOutliveAChangeOfHeaders() throws Exception {
        try (RawNbd raw = greeted()) {
            raw.ask(OPT_STRUCTURED_REPLY, NOTHING);
            assertThat(contexts(raw, OPT_SET_META_CONTEXT, DEPTH, SINCE_ONE)).containsExactly(DEPTH, SINCE_ONE);
            assertThat(contexts(raw, OPT_LIST_META_CONTEXT, "base:"))
                    .as("a list chooses nothing")
                    .hasSize(1);
            raw.ask(OPT_EXTENDED_HEADERS, NOTHING);
            assertThat(flagsOf(raw, OPT_GO, "vol") & BLOCK_STATUS_PAYLOAD).isNotZero();
            raw.send(RawNbd.extendedRequest(7, 8, 1, 0, SIZE)); // BLOCK_STATUS with REQ_ONE
            for (int chunk = 0; chunk < 2; chunk++) {
                ByteBuffer header = raw.read(32);
                assertThat(Short.toUnsignedInt(header.getShort(4)))
                        .as("the last one is done")
                        .isEqualTo(chunk);
                assertThat(Short.toUnsignedInt(header.getShort(6))).isEqualTo(6);
                assertThat(header.getLong(24)).as("one extent").isEqualTo(8 + 16);
                ByteBuffer body = raw.read(24);
                assertThat(body.getInt(4)).isEqualTo(1);
                assertThat(body.getLong(8)).isEqualTo(SIZE);
            }
        }
    }

    /** A namespace with nothing behind it lists; half a name, or a whole one of nothing, does not. */
    @Test
    void wildcardsListAndChooseNothing() throws Exception {
        try (RawNbd raw = greeted()) {
            raw.ask(OPT_EXTENDED_HEADERS, NOTHING);
            assertThat(contexts(raw, OPT_LIST_META_CONTEXT, "qemu:dirty-bitmap:"))
                    .containsExactly(SINCE_ONE);
            assertThat(contexts(
                            raw, OPT_LIST_META_CONTEXT, "qemu:dirty-bitmap", "qemu:dirty-bitmap:o", "qemu:allocation"))
                    .isEmpty();
            assertThat(contexts(raw, OPT_LIST_META_CONTEXT, "qemu:dirty-bitmap:vol@one"))
                    .containsExactly("qemu:dirty-bitmap:vol@one");
            assertThat(contexts(raw, OPT_LIST_META_CONTEXT, "qemu:dirty-bitmap:vol", "qemu:dirty-bitmap:other@one"))
                    .isEmpty();
            assertThat(contexts(raw, OPT_LIST_META_CONTEXT, "qemu:", "qemu:dirty-bitmap:", SINCE_ONE, DEPTH))
                    .containsExactly(DEPTH, SINCE_ONE);
            assertThat(contexts(raw, OPT_SET_META_CONTEXT, "qemu:dirty-bitmap:", "qemu:", "base:", ":", ""))
                    .isEmpty();
            assertThat(flagsOf(raw, OPT_INFO, "vol") & BLOCK_STATUS_PAYLOAD).isZero();
        }
    }

    private static int flagsOf(RawNbd raw, int option, String export) throws Exception {
        ByteBuffer info = ByteBuffer.wrap(
                raw.ask(option, RawNbd.infoData(export)).getFirst().data());
        return Short.toUnsignedInt(info.getShort(10));
    }

    @Test
    void extendedHeadersBeginTransmissionOnlyWithGo() throws Exception {
        try (RawNbd raw = greeted()) {
            assertThat(raw.ask(OPT_EXTENDED_HEADERS, NOTHING).getLast().type()).isEqualTo(REP_ACK);
            raw.send(RawNbd.option(OPT_EXPORT_NAME, name("vol")));
            assertThat(raw.isClosedByServer()).isTrue();
        }
        try (RawNbd raw = greeted()) { // a compact request is none then
            raw.ask(OPT_EXTENDED_HEADERS, NOTHING);
            raw.ask(OPT_GO, RawNbd.infoData("vol"));
            raw.send(
                    ByteBuffer.allocate(32).put(RawNbd.request(0, 0, 7, 0, 512)).rewind());
            assertThat(raw.isClosedByServer()).isTrue();
        }
        try (RawNbd raw = greeted()) { // and an extended one is none without agreement
            raw.ask(OPT_STRUCTURED_REPLY, NOTHING);
            raw.ask(OPT_GO, RawNbd.infoData("vol"));
            raw.send(RawNbd.extendedRequest(0, 0, 7, 0, 512));
            assertThat(raw.isClosedByServer()).isTrue();
        }
    }

    @Test
    void aClientOfTheOldstyleHandshakeIsTurnedAway() throws Exception {
        try (RawNbd raw = server.raw()) {
            raw.read(18); // where an oldstyle client finds no magic number of its own and leaves
        }
        try (RawNbd raw = server.raw()) {
            raw.send(RawNbd.request(0, 0, 1, 0, 512)); // one that does not look
            raw.read(18);
            assertThat(raw.isClosedByServer()).isTrue();
        }
    }

    @Test
    void aContextChosenForAnotherExportDoesNotCount() throws Exception {
        try (RawNbd raw = greeted()) {
            raw.ask(OPT_STRUCTURED_REPLY, NOTHING);
            assertThat(contexts(raw, OPT_SET_META_CONTEXT, "base:allocation")).hasSize(1);
            raw.ask(OPT_GO, RawNbd.infoData("vol@one"));
            raw.send(RawNbd.request(7, 0, 1, 0, 4096));
            ByteBuffer reply = raw.read(20 + 6);
            assertThat(Short.toUnsignedInt(reply.getShort(6))).isEqualTo(0x8001);
            assertThat(reply.getInt(20)).isEqualTo(22);
        }
    }

    @Test
    void nothingIsOpenedBeforeTheClientHasChosen() throws Exception {
        try (RawNbd raw = greeted()) {
            raw.ask(OPT_STRUCTURED_REPLY, NOTHING);
            raw.ask(OPT_SET_META_CONTEXT, RawNbd.metaData("vol@one", "base:allocation"));
            for (int i = 0; i < 20; i++) {
                raw.ask(OPT_INFO, RawNbd.infoData("vol@one", 1, 2, 3));
            }
            assertThat(server.pool().info("vol@one").attachments()).isZero();
            raw.ask(OPT_GO, RawNbd.infoData("vol@one"));
            assertThat(server.pool().info("vol@one").attachments()).isEqualTo(1);
        }
        while (server.pool().info("vol@one").attachments() > 0) {
            Thread.onSpinWait();
        }
    }

    @Test
    void requestsThatFollowTheChoiceInTheSameSendAreServed() throws Exception {
        try (RawNbd raw = greeted()) {
            byte[] go = RawNbd.option(OPT_GO, RawNbd.infoData("vol"));
            ByteBuffer all = ByteBuffer.allocate(go.length + 56)
                    .put(go)
                    .put(RawNbd.request(0, 0, 1, 0, 16))
                    .put(RawNbd.request(2, 0, 2, 0, 0))
                    .flip();
            raw.send(all);
            assertThat(raw.replies().getLast().type()).isEqualTo(REP_ACK);
            assertThat(raw.read(32).getLong(8)).isEqualTo(1);
            assertThat(raw.isClosedByServer()).isTrue();
        }
    }
}
