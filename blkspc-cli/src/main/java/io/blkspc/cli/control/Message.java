package io.blkspc.cli.control;

import io.blkspc.cli.outcome.Outcome;
import io.blkspc.cli.text.Json;
import java.io.IOException;
import java.util.Map;

/**
 * The lines of the control protocol, version {@value #VERSION}. A client sends one request and reads lines until the one
 * with {@code ok} or {@code error}; then it may send the next.
 *
 * <pre>
 *  request    {"v":1,"op":"create","args":{"name":"disk1","size":1073741824}}
 *  progress   {"progress":"words"}          any number; without words: still at work
 *  answer     {"ok":ANY}
 *  failure    {"error":{"exit":3,"line":"volume exists: name=disk1"}}
 * </pre>
 */
final class Message {

    static final int VERSION = 1;

    /** Longest request: names of a thousand snapshots. */
    static final int MAX_REQUEST_BYTES = 1 << 20;

    /** Longest answer: a list of some hundred thousand volumes. */
    static final int MAX_ANSWER_BYTES = 128 << 20;

    /** A request that was understood. */
    record Request(String operation, Map<String, Object> arguments) {}

    private Message() {}

    static String request(String operation, Map<String, Object> arguments) {
        return Json.line(Json.of("v", VERSION, "op", operation, "args", arguments));
    }

    /**
     * Reads a request.
     *
     * @throws IllegalArgumentException when it is none, or of another version
     */
    static Request parseRequest(String line) {
        Map<String, Object> object;
        try {
            object = Json.object(line);
        } catch (IOException notJson) {
            throw new IllegalArgumentException("request is not a JSON object", notJson);
        }
        if (!(object.get("v") instanceof Integer version) || version != VERSION) {
            throw new IllegalArgumentException(
                    "protocol version differs: client=" + object.get("v") + ", server=" + VERSION);
        }
        if (!(object.get("op") instanceof String operation)) {
            throw new IllegalArgumentException("request has no operation");
        }
        Object arguments = object.get("args");
        if (arguments != null && !(arguments instanceof Map)) {
            throw new IllegalArgumentException("arguments are not an object");
        }
        return new Request(operation, arguments == null ? Map.of() : Json.asObject(arguments));
    }

    static String progress(String words) {
        return Json.line(Json.of("progress", words));
    }

    static String answer(Object value) {
        return Json.line(Json.of("ok", value));
    }

    static String failure(Outcome outcome) {
        return Json.line(Json.of("error", Json.of("exit", outcome.exitCode(), "line", outcome.line())));
    }
}
