package io.blkspc.cli.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blkspc.cli.outcome.CommandFailure;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.LongRange;

/** Sizes as people write them. */
class SizesTest {

    @Example
    void unitsArePowersOfTwo() {
        assertThat(Sizes.parse("0")).isZero();
        assertThat(Sizes.parse("4096")).isEqualTo(4096);
        assertThat(Sizes.parse("4k")).isEqualTo(4096);
        assertThat(Sizes.parse("1.5G")).isEqualTo(3L << 29);
        assertThat(Sizes.parse("2TiB")).isEqualTo(2L << 40);
        assertThat(Sizes.parse("7 MB")).isEqualTo(7L << 20);
        assertThat(Sizes.parse("12B")).isEqualTo(12);
        assertThat(Sizes.parse("7.5E")).isEqualTo(15L << 59);
    }

    @Example
    void nonsenseIsRefused() {
        for (String text : new String[] {
            "",
            " ",
            "x",
            "-1",
            "+1",
            "1KK",
            "1X",
            "0x10",
            "1e9",
            "1.",
            ".5",
            "1,5",
            "8E",
            "9223372036854775808",
            "99999999999999999999",
            "9999999999999999999E",
            "1.3",
            "0.0001K",
            "\u0661"
        }) {
            assertThatThrownBy(() -> Sizes.parse(text))
                    .as(text)
                    .isInstanceOfSatisfying(
                            CommandFailure.class,
                            failure -> assertThat(failure.exitCode()).isEqualTo(2));
        }
        assertThat(Sizes.parse("9223372036854775807")).isEqualTo(Long.MAX_VALUE);
    }

    @Example
    void wholeSizesAreMultiples() {
        assertThat(Sizes.parseWhole("8K", 4096)).isEqualTo(8192);
        assertThatThrownBy(() -> Sizes.parseWhole("0", 4096)).isInstanceOf(CommandFailure.class);
        assertThatThrownBy(() -> Sizes.parseWhole("4097", 4096)).hasMessageContaining("nearest=4096");
    }

    @Example
    void humanSizesAreShort() {
        assertThat(Sizes.human(0)).isEqualTo("0");
        assertThat(Sizes.human(1023)).isEqualTo("1023");
        assertThat(Sizes.human(1024)).isEqualTo("1K");
        assertThat(Sizes.human(1536)).isEqualTo("1.50K");
        assertThat(Sizes.human((1 << 20) - 1)).isEqualTo("1.00M");
        assertThat(Sizes.human(123_456_789)).isEqualTo("118M");
        assertThat(Sizes.human(Long.MAX_VALUE)).isEqualTo("8.00E");
    }

    @Property
    void humanIsNearAndAtMostFiveCharacters(@ForAll @LongRange(min = 0, max = 1L << 60) long bytes) {
        String text = Sizes.human(bytes);

        assertThat(text.length()).isLessThanOrEqualTo(5);
        double parsed = new java.math.BigDecimal(text.replaceAll("[KMGTPE]", "")).doubleValue();
        double unit =
                text.matches(".*[KMGTPE]") ? Math.pow(1024, 1 + "KMGTPE".indexOf(text.charAt(text.length() - 1))) : 1;
        assertThat(parsed * unit).isBetween(bytes * 0.99, bytes * 1.01 + 1);
    }

    @Property
    void humanWithoutAPointIsExactForWholeUnits(@ForAll @LongRange(min = 1, max = 1023) long count) {
        for (int shift = 0; shift <= 50; shift += 10) {
            assertThat(Sizes.parse(Sizes.human(count << shift))).isEqualTo(count << shift);
        }
    }
}
