package io.blkspc.cli.attach;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HexFormat;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Messages to and from the nbd driver, byte by byte as linux/netlink.h, genetlink.h and nbd-netlink.h have them. */
class NetlinkLayoutTest {

    private static String hex(byte[] bytes) {
        return HexFormat.of().formatHex(bytes);
    }

    private static NetlinkMessage message(String hex) throws IOException {
        byte[] bytes = HexFormat.of().parseHex(hex);
        return NetlinkMessage.read(bytes, bytes.length);
    }

    @Test
    void layoutIsFrozen() {
        assumeTrue(ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN, "written down for little-endian machines");
        NetlinkRequest request = new NetlinkRequest(0x1f, NbdDriver.CONNECT)
                .putInt(NbdDriver.INDEX, 3)
                .putLong(NbdDriver.SIZE_BYTES, 0x4000)
                .putText(NbdDriver.BACKEND, "a:b");
        assertThat(hex(NbdDriver.sockets(request, List.of(7, 9)).bytes(5)))
                .isEqualTo(
                        "4c000000" + "1f00" + "0500" + "05000000" + "00000000" // length, family, flags, sequence, port
                                + "01" + "01" + "0000" // command, version
                                + "0800" + "0100" + "03000000"
                                + "0c00" + "0200" + "0040000000000000"
                                + "0800" + "0a00" + "613a6200"
                                + "1c00" + "0780" // sockets: two items of one descriptor each
                                + "0c00" + "0180" + "0800" + "0100" + "07000000"
                                + "0c00" + "0180" + "0800" + "0100" + "09000000");
        assertThat(hex(new NetlinkRequest(0x10, 3).putText(2, "nbd!").bytes(1)))
                .as("padded to a multiple of four, which the length of the attribute does not count")
                .endsWith("0900" + "0200" + "6e62642100" + "000000")
                .startsWith("20000000" + "1000");
    }

    @Test
    void numbersAreThoseOfTheKernel() {
        assertThat(List.of(NbdDriver.CONNECT, NbdDriver.DISCONNECT, NbdDriver.RECONFIGURE, NbdDriver.LINK_DEAD))
                .containsExactly(1, 2, 3, 4);
        assertThat(List.of(
                        NbdDriver.INDEX,
                        NbdDriver.SIZE_BYTES,
                        NbdDriver.BLOCK_SIZE_BYTES,
                        NbdDriver.TIMEOUT,
                        NbdDriver.SERVER_FLAGS,
                        NbdDriver.SOCKETS,
                        NbdDriver.DEAD_CONNECTION_TIMEOUT,
                        NbdDriver.BACKEND))
                .containsExactly(1, 2, 3, 4, 5, 7, 8, 10);
    }

    @Test
    void answersAndEventsAreRead() throws IOException {
        assumeTrue(ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN, "written down for little-endian machines");
        NetlinkMessage refused = message("24000000" + "0200" + "0000" + "05000000" + "00000000" + "f0ffffff"
                + "60000000" + "1f00" + "0500" + "05000000" + "00000000");
        assertThat(refused.type()).isEqualTo(NetlinkMessage.ERROR);
        assertThat(refused.sequence()).isEqualTo(5);
        assertThat(refused.error()).isEqualTo(-16);
        NetlinkMessage dead = message("1c000000" + "1f00" + "0000" + "00000000" + "00000000" + "04" + "01" + "0000"
                + "0800" + "0100" + "03000000");
        assertThat(dead.type()).isEqualTo(0x1f);
        assertThat(dead.command()).isEqualTo(NbdDriver.LINK_DEAD);
        assertThat(NetlinkMessage.findInt(dead.attributes(), NbdDriver.INDEX)).isEqualTo(3);
        assertThatThrownBy(() -> NetlinkMessage.findInt(dead.attributes(), 2)).isInstanceOf(IOException.class);
        NetlinkMessage family = message("38000000" + "1000" + "0000" + "01000000" + "00000000" + "01" + "02" + "0000"
                + "0600" + "0100" + "1f00" + "0000" // family id
                + "1c00" + "0780" + "1800" + "0180" + "0800" + "0200" + "0b000000" + "0c00" + "0100"
                + "6e62645f6d630000");
        assertThat(NetlinkMessage.findShort(family.attributes(), 1)).isEqualTo(0x1f);
        ByteBuffer group = NetlinkMessage.find(NetlinkMessage.find(family.attributes(), 7), -1);
        assertThat(NetlinkMessage.findInt(group, 2)).isEqualTo(0xb);
    }

    /** The kernel's answer to one request comes in two datagrams, into one buffer. */
    @Test
    void aMessageIsNotChangedByTheNextOne() throws IOException {
        byte[] buffer = new NetlinkRequest(0x1f, 4).putInt(1, 3).bytes(1);
        NetlinkMessage first = NetlinkMessage.read(buffer, buffer.length);
        java.util.Arrays.fill(buffer, (byte) 0);
        assertThat(NetlinkMessage.findInt(first.attributes(), 1)).isEqualTo(3);
    }

    /** Lengths that lie are refused, and nothing outside of the message is looked at. */
    @Test
    void damagedMessagesAreRefused() {
        long seed = Long.getLong("blkspc.seed", System.nanoTime());
        System.out.println("seed=" + seed);
        SplittableRandom random = new SplittableRandom(seed);
        int refused = 0;
        for (int i = 0; i < 20_000; i++) {
            byte[] bytes = new NetlinkRequest(0x1f, 4)
                    .putInt(1, 3)
                    .putText(2, "name")
                    .putInt(5, 6)
                    .bytes(1);
            for (int j = 0; j < 3; j++) {
                bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
            }
            int count = random.nextInt(4) == 0 ? random.nextInt(bytes.length + 1) : bytes.length;
            try {
                NetlinkMessage message = NetlinkMessage.read(bytes, count);
                NetlinkMessage.findInt(message.attributes(), 5);
            } catch (IOException expected) {
                refused++;
            }
        }
        assertThat(refused).as("seed=%d", seed).isBetween(1, 19_999);
    }

    @Test
    void whatADeviceIsMadeOfIsOneWord() {
        Backend backend = new Backend("0b1e", "vm@s", java.nio.file.Path.of("/pools/a:b"));
        assertThat(backend.word()).isEqualTo("blkspc:0b1e:vm@s:/pools/a:b");
        assertThat(Backend.parse(backend.word())).isEqualTo(backend);
        assertThat(Backend.parse("rbd:x")).isNull();
        assertThat(Backend.parse("other:a:b:c")).isNull();
    }
}
