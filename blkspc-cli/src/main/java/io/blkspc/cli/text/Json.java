package io.blkspc.cli.text;

import com.fasterxml.jackson.jr.ob.JSON;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** JSON values as plain maps, lists, strings, numbers and booleans. Field order is kept. */
public final class Json {

    private static final JSON COMPACT = JSON.std.with(JSON.Feature.WRITE_NULL_PROPERTIES);
    private static final JSON PRETTY = COMPACT.with(JSON.Feature.PRETTY_PRINT_OUTPUT);

    private Json() {}

    /** On one line, as the control protocol wants it. */
    public static String line(Object value) {
        return write(COMPACT, value);
    }

    /** On several lines, for standard output. */
    public static String pretty(Object value) {
        return write(PRETTY, value);
    }

    /**
     * Reads one object.
     *
     * @throws IOException when the text is not one JSON object
     */
    public static Map<String, Object> object(String text) throws IOException {
        Map<String, Object> map = JSON.std.mapFrom(text);
        if (map == null) {
            throw new IOException("not a JSON object");
        }
        return map;
    }

    /** An object of these names and values, in this order. */
    public static Map<String, Object> of(Object... namesAndValues) {
        Map<String, Object> map = new LinkedHashMap<>();
        for (int i = 0; i < namesAndValues.length; i += 2) {
            map.put((String) namesAndValues[i], namesAndValues[i + 1]);
        }
        return map;
    }

    /** A value that is known to be an object. */
    @SuppressWarnings("unchecked")
    public static Map<String, Object> asObject(Object value) {
        return (Map<String, Object>) value;
    }

    /** A value that is known to be an array of objects. */
    @SuppressWarnings("unchecked")
    public static List<Map<String, Object>> asObjects(Object value) {
        return (List<Map<String, Object>>) value;
    }

    /** A value that is known to be a whole number. */
    public static long asLong(Object value) {
        return ((Number) value).longValue();
    }

    private static String write(JSON json, Object value) {
        try {
            return json.asString(value);
        } catch (IOException impossible) {
            throw new UncheckedIOException(impossible);
        }
    }
}
