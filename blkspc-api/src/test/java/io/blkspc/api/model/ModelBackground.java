package io.blkspc.api.model;

import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.JobInfo;
import io.blkspc.api.Pool;
import io.blkspc.api.PoolEvent;
import java.util.ArrayList;
import java.util.List;

/** What goes on behind the clients' backs, which in the model is nothing, and what it tells. */
abstract class ModelBackground implements Pool {

    private final List<PoolEvent> events = new ArrayList<>();

    abstract void checkOpen();

    /** Space is back when destroy returns. */
    @Override
    public void awaitReclaim() {}

    @Override
    public List<JobInfo> jobs() {
        checkOpen();
        return List.of();
    }

    @Override
    public void awaitJob(long id) {
        throw new BlockSpaceException(Code.NOT_FOUND, "no such job: id=" + id);
    }

    @Override
    public List<PoolEvent> events(long after) {
        synchronized (events) {
            return events.stream().filter(event -> event.number() > after).toList();
        }
    }

    final void tell(PoolEvent.Kind kind, String name) {
        synchronized (events) {
            events.add(new PoolEvent(events.size() + 1L, 0, kind, name, ""));
        }
    }
}
