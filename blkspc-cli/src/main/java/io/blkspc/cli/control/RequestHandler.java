package io.blkspc.cli.control;

import io.blkspc.cli.outcome.Outcome;
import java.util.Map;

/** What a server does with requests. Called by many threads at once. */
public interface RequestHandler {

    /**
     * Runs one request.
     *
     * @return the answer, plain JSON
     */
    Object handle(String operation, Map<String, Object> arguments);

    /** How a failure of that operation is told. */
    Outcome judge(String operation, Throwable failure);
}
