package io.blkspc.nbd.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blkspc.api.BlockSpaceException;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** The client's handshake on raw bytes, written from the protocol document and not with the project's own records. */
class ClientHandshakeTest {

    private static final String HELLO = "4e42444d41474943" + "49484156454f5054" + "0003";
    private static final String GO_REPLY = "0003e889045565a9" + "00000007";
    private static final String INFO = GO_REPLY + "00000003" + "0000000c" + "0000" + "0000000000100000" + "016d";
    private static final String ACK = GO_REPLY + "00000001" + "00000000";

    private final StringBuilder sent = new StringBuilder();

    private ClientHandshake.Agreed choose(byte[] said) throws IOException {
        ByteBuffer server = ByteBuffer.wrap(said);
        return ClientHandshake.choose(
                new ClientHandshake.Wire() {
                    @Override
                    public void send(ByteBuffer bytes) {
                        byte[] copy = new byte[bytes.remaining()];
                        bytes.get(copy);
                        sent.append(HexFormat.of().formatHex(copy));
                    }

                    @Override
                    public void receive(ByteBuffer target) throws IOException {
                        if (server.remaining() < target.remaining()) {
                            throw new EOFException("the end");
                        }
                        while (target.hasRemaining()) {
                            target.put(server.get());
                        }
                    }
                },
                "vm");
    }

    private ClientHandshake.Agreed choose(String... said) throws IOException {
        return choose(HexFormat.of().parseHex(String.join("", said)));
    }

    @Test
    void oneGoIsAskedAndSizeAndFlagsAreTheServers() throws IOException {
        assertThat(choose(HELLO, INFO, ACK)).isEqualTo(new ClientHandshake.Agreed(1 << 20, 0x16d));
        String name = HexFormat.of().formatHex("vm".getBytes(StandardCharsets.US_ASCII));
        assertThat(sent)
                .hasToString("00000003" + "49484156454f5054" + "00000007" + "00000008" + "00000002" + name + "0000");
    }

    @Test
    void flagsTheClientDoesNotKnowAreNotRepeated() throws IOException {
        choose("4e42444d41474943" + "49484156454f5054" + "8005", INFO, ACK);
        assertThat(sent).startsWith("00000001");
    }

    @Test
    void otherInformationIsPassedOver() throws IOException {
        String blockSize = GO_REPLY + "00000003" + "0000000e" + "0003" + "00000001" + "00001000" + "02000000";
        String shortInfo = GO_REPLY + "00000003" + "00000000";
        assertThat(choose(HELLO, blockSize, shortInfo, INFO, blockSize, ACK).sizeBytes())
                .isEqualTo(1 << 20);
    }

    @Test
    void anExportThatIsNotThereIsNamed() {
        assertThatThrownBy(() -> choose(HELLO, GO_REPLY + "80000006" + "00000002" + "6e6f"))
                .isInstanceOfSatisfying(
                        BlockSpaceException.class,
                        failure -> assertThat(failure.code()).isEqualTo(BlockSpaceException.Code.NOT_FOUND))
                .hasMessageContaining("name=vm, reply=0x80000006");
    }

    @Test
    void whatIsNoFixedNewstyleIsRefused() {
        for (String hello : new String[] {
            "00".repeat(18),
            "4e42444d41474943" + "00420281861253" + "00".repeat(3), // oldstyle
            "4e42444d41474943" + "49484156454f5054" + "0000"
        }) {
            assertThatThrownBy(() -> choose(hello, INFO, ACK))
                    .as(hello)
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("not an NBD server");
        }
        assertThat(sent).as("nothing is said to it").isEmpty();
    }

    @Test
    void anAcknowledgementNeedsASizeThatCanBe() {
        assertThatThrownBy(() -> choose(HELLO, ACK)).hasMessageContaining("size=none");
        String negative = GO_REPLY + "00000003" + "0000000c" + "0000" + "8000000000000000" + "0001";
        assertThatThrownBy(() -> choose(HELLO, negative, ACK)).hasMessageContaining("size=9223372036854775808");
    }

    @Test
    void repliesToSomethingElseTooLongOnesAndEndlessOnesAreRefused() {
        assertThatThrownBy(() -> choose(HELLO, GO_REPLY + "00000003" + "ffffffff"))
                .hasMessageContaining("length=4294967295");
        assertThatThrownBy(() -> choose(HELLO, "0003e889045565a9" + "00000006" + "00000001" + "00000000"))
                .hasMessageContaining("option=6");
        assertThatThrownBy(() -> choose(HELLO, "0003e889045565a8" + "00000007" + "00000001" + "00000000"))
                .isInstanceOf(IOException.class);
        assertThatThrownBy(() -> choose(HELLO, INFO.repeat(64), ACK)).hasMessageContaining("replies=64");
    }

    /** Every end in the middle, and every damaged bit: an answer or one of the two kinds of error, and nothing else. */
    @Test
    void cutOrDamagedAnswersAreErrorsOrAnswers() throws IOException {
        byte[] whole = HexFormat.of().parseHex(HELLO + INFO + ACK);
        for (int length = 0; length < whole.length; length++) {
            byte[] cut = java.util.Arrays.copyOf(whole, length);
            assertThatThrownBy(() -> choose(cut)).isInstanceOf(EOFException.class);
        }
        long seed = Long.getLong("blkspc.seed", 20_261_121);
        Random random = new Random(seed);
        for (int i = 0; i < 2_000; i++) {
            byte[] damaged = whole.clone();
            for (int flips = random.nextInt(1, 5); flips > 0; flips--) {
                int bit = random.nextInt(damaged.length * Byte.SIZE);
                damaged[bit / Byte.SIZE] ^= (byte) (1 << bit % Byte.SIZE);
            }
            try {
                assertThat(choose(damaged).sizeBytes()).as("seed=" + seed).isNotNegative();
            } catch (IOException | BlockSpaceException refused) {
                assertThat(refused).as("seed=" + seed).hasMessageNotContaining("null");
            }
        }
    }
}
