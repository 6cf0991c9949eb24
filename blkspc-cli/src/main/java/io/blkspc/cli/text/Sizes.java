package io.blkspc.cli.text;

import io.blkspc.cli.outcome.CommandFailure;
import java.math.BigDecimal;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Byte counts as people write them: {@code 10G}, {@code 1.5T}, {@code 4096}. Powers of two. */
public final class Sizes {

    private static final String UNITS = "KMGTPE";
    private static final Pattern SIZE =
            Pattern.compile("(\\d{1,19}(?:\\.\\d{1,9})?)\\s*(?:([KMGTPE])(?:i?B)?|B)?", Pattern.CASE_INSENSITIVE);
    private static final BigDecimal MAX = BigDecimal.valueOf(Long.MAX_VALUE);

    private Sizes() {}

    /**
     * Reads a size, zero or more.
     *
     * @throws CommandFailure of usage, when it is no size, no whole number of bytes, or larger than 2^63-1
     */
    public static long parse(String text) {
        Matcher matcher = SIZE.matcher(text.strip());
        if (!matcher.matches()) {
            throw CommandFailure.usage("not a size: value=" + text + " (examples: 4096, 512K, 64M, 1.5G, 2T)");
        }
        BigDecimal value = new BigDecimal(matcher.group(1));
        if (matcher.group(2) != null) {
            int power = UNITS.indexOf(matcher.group(2).toUpperCase(Locale.ROOT)) + 1;
            value = value.multiply(BigDecimal.valueOf(1L << (10 * power)));
        }
        if (value.compareTo(MAX) > 0) {
            throw CommandFailure.usage("size is too large: value=" + text);
        }
        try {
            return value.longValueExact();
        } catch (ArithmeticException fraction) {
            throw new CommandFailure(2, "size is not a whole number of bytes: value=" + text, fraction);
        }
    }

    /** Reads a size that must be a multiple of {@code unit} and at least one unit. */
    public static long parseWhole(String text, long unit) {
        long size = parse(text);
        if (size < unit || size % unit != 0) {
            throw CommandFailure.usage("size must be a positive multiple of " + unit + " bytes: value=" + text
                    + (size > unit ? ", nearest=" + size / unit * unit : ""));
        }
        return size;
    }

    /** At most five characters: {@code 512}, {@code 4K}, {@code 1.50G}, {@code 12.3T}. Exact when it has no point. */
    public static String human(long bytes) {
        if (bytes < 0) {
            return "-" + human(-bytes);
        }
        int power = 0;
        double value = bytes;
        // 1023.5 would be printed as 1024 of the smaller unit.
        while (value >= 1023.5 && power < UNITS.length()) {
            value /= 1024;
            power++;
        }
        if (power == 0) {
            return Long.toString(bytes);
        }
        String unit = UNITS.substring(power - 1, power);
        long whole = 1L << (10 * power);
        if (bytes % whole == 0) {
            return bytes / whole + unit;
        }
        String format = value < 9.995 ? "%.2f" : value < 99.95 ? "%.1f" : "%.0f";
        return String.format(Locale.ROOT, format, value) + unit;
    }
}
