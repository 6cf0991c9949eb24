package io.blkspc.nbd.handshake;

import io.blkspc.nbd.protocol.MetaContext;
import io.blkspc.nbd.protocol.MetaContextRequest;

/** The metadata contexts that one client has chosen so far, and for which export. Owned by the connection's thread. */
final class ContextChoice {

    private static final MetaContext[] CONTEXTS = MetaContext.values();

    private String export;
    private int chosen;

    /** Forgets everything: what every SET_META_CONTEXT begins with, also one that fails. */
    void clear() {
        export = null;
        chosen = 0;
    }

    /** Chooses what the queries select; {@code exportName} is the export's own name, not what the client called it. */
    int choose(String exportName, MetaContextRequest request) {
        export = exportName;
        chosen = 0;
        for (MetaContext context : CONTEXTS) {
            if (request.queries().stream().anyMatch(context::isSelectedBy)) {
                chosen |= context.bit();
            }
        }
        return chosen;
    }

    /** The contexts that a list shows: all of them when nothing is asked for. */
    static int listed(MetaContextRequest request) {
        int listed = 0;
        for (MetaContext context : CONTEXTS) {
            if (request.queryCount() == 0 || request.queries().stream().anyMatch(context::isListedBy)) {
                listed |= context.bit();
            }
        }
        return listed;
    }

    /** What was chosen for one export; 0 when the last choice was for another. */
    int forExport(String exportName) {
        return exportName.equals(export) ? chosen : 0;
    }
}
