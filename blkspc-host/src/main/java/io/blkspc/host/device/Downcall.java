package io.blkspc.host.device;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.invoke.MethodHandle;

/**
 * A function of the C library that is called on the data path. The compiler compiles the call by itself, and never into its callers.
 *
 * <p>The linker makes a new segment of the one that errno is captured into, 40 bytes for each call. It is gone once the call is
 * compiled, unless that happens as a part of callers so many levels deep that the compiler inlines no further
 * ({@code MaxInlineLevel}): then the constructor of {@code Object} is called on it, and it stays. Which callers are compiled together
 * is a matter of what ran before, so a call that is a constant for its callers allocates or does not, by chance.
 */
final class Downcall {

    // Neither final nor ever changed: what is no constant is not inlined.
    private MethodHandle handle;

    private Downcall(MethodHandle handle) {
        this.handle = handle;
    }

    /** As {@link Posix#handle}. */
    static Downcall of(String name, FunctionDescriptor descriptor, Linker.Option... options) {
        return new Downcall(Posix.handle(name, descriptor, options));
    }

    /** For {@code invokeExact}, at once: whoever keeps it in a constant loses what it is for. */
    MethodHandle handle() {
        return handle;
    }
}
