package io.blkspc.cli.text;

import java.util.ArrayList;
import java.util.List;

/** Columns aligned with blanks: text to the left, sizes to the right. */
public final class Table {

    private final boolean[] alignRight;
    private final List<String[]> rows = new ArrayList<>();

    private Table(boolean[] alignRight) {
        this.alignRight = alignRight;
    }

    /** A table whose headings begin with {@code >} where the column is aligned to the right. */
    public static Table of(String... headings) {
        boolean[] right = new boolean[headings.length];
        String[] names = new String[headings.length];
        for (int i = 0; i < headings.length; i++) {
            right[i] = headings[i].startsWith(">");
            names[i] = right[i] ? headings[i].substring(1) : headings[i];
        }
        Table table = new Table(right);
        table.row(names);
        return table;
    }

    /** Adds a row; {@code null} is shown as a hyphen. */
    public Table row(String... cells) {
        String[] row = new String[alignRight.length];
        for (int i = 0; i < row.length; i++) {
            row[i] = cells[i] == null ? "-" : cells[i];
        }
        rows.add(row);
        return this;
    }

    /** All rows, each ended by a line feed, without blanks at the end of lines. */
    @Override
    public String toString() {
        int[] widths = new int[alignRight.length];
        for (String[] row : rows) {
            for (int i = 0; i < widths.length; i++) {
                widths[i] = Math.max(widths[i], row[i].length());
            }
        }
        StringBuilder text = new StringBuilder();
        for (String[] row : rows) {
            StringBuilder line = new StringBuilder();
            for (int i = 0; i < widths.length; i++) {
                String gap = " ".repeat(widths[i] - row[i].length());
                line.append(alignRight[i] ? gap + row[i] : row[i] + gap).append("  ");
            }
            text.append(line.toString().stripTrailing()).append('\n');
        }
        return text.toString();
    }
}
