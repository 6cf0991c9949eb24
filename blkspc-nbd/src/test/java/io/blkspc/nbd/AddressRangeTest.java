package io.blkspc.nbd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.math.BigInteger;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Addresses are compared as numbers: a list compared as text let 192.168.1.10 in for 192.168.1.1 elsewhere (CVE-2013-6410). */
class AddressRangeTest {

    @ParameterizedTest
    @CsvSource({
        "192.168.1.1, 192.168.1.1, true",
        "192.168.1.1, 192.168.1.10, false",
        "192.168.1.1, 192.168.1.100, false",
        "192.168.1.0/24, 192.168.1.255, true",
        "192.168.1.0/24, 192.168.2.0, false",
        "192.168.1.0/24, 192.168.10.1, false",
        "10.0.0.0/31, 10.0.0.1, true",
        "10.0.0.0/31, 10.0.0.2, false",
        "10.0.0.2/32, 10.0.0.2, true",
        "128.0.0.0/1, 127.255.255.255, false",
        "128.0.0.0/1, 255.0.0.1, true",
        "0.0.0.0/0, 203.0.113.9, true",
        "0.0.0.0/0, 2001:db8::1, false",
        "::/0, 203.0.113.9, false",
        "::/0, 2001:db8::1, true",
        "::ffff:192.0.2.1, 192.0.2.1, true",
        "192.0.2.1, ::ffff:192.0.2.1, true",
        "::ffff:192.0.2.0/120, 192.0.2.77, true",
        "::ffff:192.0.2.0/120, 192.0.3.77, false",
        "::ffff:0.0.0.0/96, 198.51.100.7, true",
        "2001:db8::/32, 2001:db8:ffff::1, true",
        "2001:db8::/32, 2001:db9::, false",
        "2001:db8::/33, 2001:db8:8000::, false",
        "fe80::1, fe80::1, true",
        "FE80::/10, fe80::abcd, true",
        "::1, ::1, true",
        "::1, 127.0.0.1, false",
        "::7f00:1, 127.0.0.1, false"
    })
    void anAddressIsInItByItsBits(String range, String address, boolean isIn) {
        assertThat(AddressRange.parse(range).contains(InetAddress.ofLiteral(address)))
                .isEqualTo(isIn);
    }

    /** As bytes that the JDK did not make an IPv4 address of: the answer is the same. */
    @Test
    void theIpv6FormOfAnIpv4AddressIsThatAddress() throws UnknownHostException {
        byte[] mapped = new byte[16];
        mapped[10] = mapped[11] = (byte) 0xff;
        mapped[12] = (byte) 192;
        mapped[14] = 2;
        mapped[15] = 9;
        InetAddress six = java.net.Inet6Address.getByAddress(null, mapped, -1);
        assertThat(AddressRange.parse("192.0.2.0/24").contains(six)).isTrue();
        assertThat(AddressRange.parse("192.0.3.0/24").contains(six)).isFalse();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "/",
                "/8",
                "localhost",
                "example.org",
                "192.168.1",
                "192.168.1.1.1",
                "192.168.1.256",
                "192.168.1.01",
                "0x7f.0.0.1",
                "2130706433",
                "192.168.1.1/33",
                "192.168.1.1/-1",
                "192.168.1.1/",
                "192.168.1.1/024",
                "192.168.1.1/24",
                "192.168.1.1/8/8",
                "192.168.1.1 ",
                "::1/129",
                "::1/64",
                "fe80::1%eth0",
                "[::1]",
                ":::",
                "1::2::3",
                "::ffff:192.0.2.0/95",
                "::ffff:300.0.2.0",
                "2001:db8::/999",
                "12345::",
                "*",
                "10.*"
            })
    void whatIsNoAddressIsRefusedAndNeverLookedUp(String text) {
        assertThatThrownBy(() -> AddressRange.parse(text))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("value=" + text);
    }

    /** Against arithmetic on whole numbers. */
    @Test
    void randomRangesAgreeWithArithmetic() throws UnknownHostException {
        long seed = Long.getLong("blkspc.seed", 20_261_121);
        Random random = new Random(seed);
        int inside = 0;
        for (int i = 0; i < 20_000; i++) {
            byte[] base = new byte[random.nextBoolean() ? 4 : 16];
            random.nextBytes(base);
            int most = base.length * 8;
            int bits = random.nextInt(most + 1);
            BigInteger first = new BigInteger(1, base).shiftRight(most - bits).shiftLeft(most - bits);
            InetAddress start = InetAddress.getByAddress(bytes(first, base.length));
            BigInteger asked = first.flipBit(random.nextInt(most));
            InetAddress address = InetAddress.getByAddress(bytes(asked, base.length));
            boolean expected = asked.shiftRight(most - bits).equals(first.shiftRight(most - bits));
            AddressRange range = AddressRange.parse(start.getHostAddress() + "/" + bits);
            assertThat(range.contains(address))
                    .as("seed=%d, range=%s, address=%s", seed, range, address)
                    .isEqualTo(expected);
            inside += expected ? 1 : 0;
        }
        assertThat(inside).isBetween(5_000, 15_000);
    }

    private static byte[] bytes(BigInteger number, int count) {
        byte[] bytes = new byte[count];
        byte[] raw = number.toByteArray();
        int length = Math.min(raw.length, count);
        System.arraycopy(raw, raw.length - length, bytes, count - length, length);
        return bytes;
    }
}
