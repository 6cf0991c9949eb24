package io.blkspc.bench.bed;

import java.util.Locale;

/**
 * What a ratio of blkspc to another is to come to.
 *
 * @param must the least, or for a cost the most, that is good enough; 0: nothing is set
 * @param aim what is hoped for
 */
public record Goal(double must, double aim) {

    public static final Goal NONE = new Goal(0, 0);

    public boolean isSet() {
        return must > 0;
    }

    /** In words, for a figure that is better the greater it is, or the smaller. */
    public String verdict(double figure, boolean greaterIsBetter) {
        if (!isSet()) {
            return "";
        }
        if (greaterIsBetter ? figure >= aim : figure <= aim) {
            return "aim met";
        }
        return (greaterIsBetter ? figure >= must : figure <= must) ? "met" : "missed";
    }

    @Override
    public String toString() {
        return isSet() ? String.format(Locale.ROOT, "%.2f / %.2f", must, aim) : "";
    }
}
