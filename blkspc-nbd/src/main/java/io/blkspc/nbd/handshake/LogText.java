package io.blkspc.nbd.handshake;

/** Text of a client for the log: short, quoted, and without anything that could forge a line. */
final class LogText {

    private static final int MAX_LENGTH = 80;

    private LogText() {}

    static String of(String text) {
        if (text == null) {
            return "(not a name)";
        }
        StringBuilder out = new StringBuilder("\"");
        text.codePoints().limit(MAX_LENGTH).forEach(c -> {
            if (Character.isISOControl(c) || Character.getType(c) == Character.FORMAT || c == '"') {
                out.append('?');
            } else {
                out.appendCodePoint(c);
            }
        });
        return out.append(text.length() > MAX_LENGTH ? "...\"" : "\"").toString();
    }
}
