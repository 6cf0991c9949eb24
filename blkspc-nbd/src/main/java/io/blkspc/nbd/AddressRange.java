package io.blkspc.nbd;

import java.net.InetAddress;
import java.util.Arrays;
import java.util.regex.Pattern;

/**
 * The internet addresses that share their first bits: {@code 192.0.2.0/24}, {@code 2001:db8::/32}, or one address. Read and compared as
 * numbers, never as text, and never looked up. An IPv4 address and the IPv6 address that stands for it ({@code ::ffff:192.0.2.1})
 * are the same. Immutable.
 */
public final class AddressRange {

    private static final int IPV4_BITS = 32;
    private static final int IPV6_BITS = 128;
    private static final int MAPPED_BITS = IPV6_BITS - IPV4_BITS;
    private static final Pattern IPV4 =
            Pattern.compile("(0|[1-9]\\d{0,2})\\.(0|[1-9]\\d{0,2})\\.(0|[1-9]\\d{0,2})\\.(0|[1-9]\\d{0,2})");
    private static final Pattern IPV6 = Pattern.compile("[0-9A-Fa-f:]+:[0-9A-Fa-f:.]*|[0-9A-Fa-f]+:[0-9A-Fa-f:.]*");
    private static final Pattern BITS = Pattern.compile("0|[1-9]\\d{0,2}");

    private final byte[] first;
    private final int bits;
    private final String text;

    private AddressRange(byte[] first, int bits, String text) {
        this.first = first;
        this.bits = bits;
        this.text = text;
    }

    /**
     * Reads {@code ADDRESS} or {@code ADDRESS/BITS}.
     *
     * @throws IllegalArgumentException when it is neither, names a host, or has bits set behind the first {@code BITS}
     */
    public static AddressRange parse(String text) {
        int slash = text.indexOf('/');
        String address = slash < 0 ? text : text.substring(0, slash);
        byte[] first = bytes(address, text);
        int most = first.length * Byte.SIZE;
        int bits = most;
        if (slash >= 0) {
            String count = text.substring(slash + 1);
            // An IPv6 form of an IPv4 address counts the bits of the form.
            int hidden = address.indexOf(':') >= 0 && first.length * Byte.SIZE == IPV4_BITS ? MAPPED_BITS : 0;
            bits = BITS.matcher(count).matches() ? Integer.parseInt(count) - hidden : -1;
        }
        if (bits < 0 || bits > most) {
            throw new IllegalArgumentException("not a number of bits of this address: value=" + text);
        }
        for (int bit = bits; bit < most; bit++) {
            if (isSet(first, bit)) {
                throw new IllegalArgumentException(
                        "the address has bits set that do not count: value=" + text + ", bits=" + bits);
            }
        }
        return new AddressRange(first, bits, text);
    }

    private static byte[] bytes(String address, String text) {
        if (!IPV4.matcher(address).matches()
                && !(address.indexOf(':') >= 0 && IPV6.matcher(address).matches())) {
            throw new IllegalArgumentException("not an address, or ADDRESS/BITS: value=" + text);
        }
        try {
            return InetAddress.ofLiteral(address).getAddress(); // of 4 bytes for an IPv4 address in the form of IPv6
        } catch (IllegalArgumentException noAddress) {
            throw new IllegalArgumentException("not an address, or ADDRESS/BITS: value=" + text, noAddress);
        }
    }

    /** Whether it is one of them. */
    public boolean contains(InetAddress address) {
        byte[] asked = normal(address.getAddress());
        if (asked.length != first.length) {
            return false;
        }
        for (int bit = 0; bit < bits; bit++) {
            if (isSet(asked, bit) != isSet(first, bit)) {
                return false;
            }
        }
        return true;
    }

    /** The JDK makes these IPv4 addresses by itself, but for those that were built by hand. */
    private static byte[] normal(byte[] address) {
        int prefix = MAPPED_BITS / Byte.SIZE;
        if (address.length * Byte.SIZE != IPV6_BITS) {
            return address;
        }
        for (int i = 0; i < prefix; i++) {
            if (address[i] != (i < prefix - 2 ? 0 : (byte) 0xff)) {
                return address;
            }
        }
        return Arrays.copyOfRange(address, prefix, address.length);
    }

    private static boolean isSet(byte[] address, int bit) {
        return (address[bit / Byte.SIZE] >>> (Byte.SIZE - 1 - bit % Byte.SIZE) & 1) == 1;
    }

    @Override
    public String toString() {
        return text;
    }
}
