package io.blkspc.cli.action;

import java.util.List;
import java.util.Map;

/**
 * Named arguments of an operation, which may have come from a socket: each is checked when it is taken, and a wrong one is
 * an {@link IllegalArgumentException} that names it.
 */
public final class Arguments {

    private final Map<String, Object> values;

    /** Arguments as read from JSON. */
    public Arguments(Map<String, Object> values) {
        this.values = values;
    }

    /** A string. */
    public String string(String name) {
        if (values.get(name) instanceof String text) {
            return text;
        }
        throw new IllegalArgumentException("argument is not a string: name=" + name);
    }

    /** A list of at least one string. */
    public List<String> strings(String name) {
        if (values.get(name) instanceof List<?> list
                && !list.isEmpty()
                && list.stream().allMatch(String.class::isInstance)) {
            return list.stream().map(String.class::cast).toList();
        }
        throw new IllegalArgumentException("argument is not a list of strings: name=" + name);
    }

    /** A whole number. */
    public long number(String name) {
        Object value = values.get(name);
        if (value instanceof Integer || value instanceof Long) {
            return ((Number) value).longValue();
        }
        throw new IllegalArgumentException("argument is not a whole number: name=" + name);
    }

    /** A whole number, or a default where it is missing. */
    public long numberOr(String name, long missing) {
        return values.get(name) == null ? missing : number(name);
    }

    /** A boolean; {@code false} where it is missing. */
    public boolean flag(String name) {
        Object value = values.get(name);
        if (value == null || value instanceof Boolean) {
            return Boolean.TRUE.equals(value);
        }
        throw new IllegalArgumentException("argument is not true or false: name=" + name);
    }
}
