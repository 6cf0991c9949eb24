package io.blkspc.cli.fuse;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_DOUBLE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;

/**
 * The functions of libfuse3's low-level interface that {@link FuseSession} and the requests use; see {@code fuse_lowlevel.h}.
 * Pointers are longs. The library is the system's; it is looked for when this class is first used, which fails with an {@link
 * UnsupportedOperationException} where it is missing. Any thread may call anything.
 */
final class LibFuse {

    private static final String LIBRARY = "libfuse3.so.3";

    /** What all of these are exported under since 3.0; later versions keep it, and add others under which some differ. */
    private static final String VERSION = "FUSE_3.0";

    private static final int RTLD_NOW = 2;
    private static final Linker LINKER = Linker.nativeLinker();
    private static final MethodHandle DLVSYM = LINKER.downcallHandle(
            LINKER.defaultLookup().findOrThrow("dlvsym"),
            FunctionDescriptor.of(JAVA_LONG, JAVA_LONG, ADDRESS, ADDRESS));
    private static final long HANDLE = open();

    private static final MethodHandle SESSION_NEW =
            function("fuse_session_new", JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle SESSION_MOUNT = function("fuse_session_mount", JAVA_INT, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle SESSION_UNMOUNT = function("fuse_session_unmount", null, JAVA_LONG);
    private static final MethodHandle SESSION_DESTROY = function("fuse_session_destroy", null, JAVA_LONG);
    private static final MethodHandle SESSION_EXITED = function("fuse_session_exited", JAVA_INT, JAVA_LONG);
    private static final MethodHandle RECEIVE = function("fuse_session_receive_buf", JAVA_INT, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle PROCESS = function("fuse_session_process_buf", null, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle REQ_CTX = function("fuse_req_ctx", JAVA_LONG, JAVA_LONG);
    private static final MethodHandle REPLY_ERR = function("fuse_reply_err", JAVA_INT, JAVA_LONG, JAVA_INT);
    private static final MethodHandle REPLY_NONE = function("fuse_reply_none", null, JAVA_LONG);
    private static final MethodHandle REPLY_ENTRY = function("fuse_reply_entry", JAVA_INT, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle REPLY_CREATE =
            function("fuse_reply_create", JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle REPLY_ATTR =
            function("fuse_reply_attr", JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_DOUBLE);
    private static final MethodHandle REPLY_READLINK = function("fuse_reply_readlink", JAVA_INT, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle REPLY_OPEN = function("fuse_reply_open", JAVA_INT, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle REPLY_WRITE = function("fuse_reply_write", JAVA_INT, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle REPLY_BUF = function("fuse_reply_buf", JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle REPLY_STATFS = function("fuse_reply_statfs", JAVA_INT, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle REPLY_XATTR = function("fuse_reply_xattr", JAVA_INT, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle REPLY_LSEEK = function("fuse_reply_lseek", JAVA_INT, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle ADD_DIRENTRY =
            function("fuse_add_direntry", JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle FREE =
            LINKER.downcallHandle(LINKER.defaultLookup().findOrThrow("free"), FunctionDescriptor.ofVoid(JAVA_LONG));

    private LibFuse() {}

    /**
     * Finds the library and all its functions.
     *
     * @throws ExceptionInInitializerError the first time, where that cannot be; its cause tells why
     */
    static void load() {
        // what comes before this did it
    }

    private interface Call<T> {
        T run() throws Throwable;
    }

    @SuppressWarnings("checkstyle:illegalcatch") // what a method handle may throw
    private static <T> T call(Call<T> call) {
        try {
            return call.run();
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable impossible) {
            throw new AssertionError(impossible); // a call of a C library throws nothing
        }
    }

    private static long open() {
        MethodHandle dlopen = LINKER.downcallHandle(
                LINKER.defaultLookup().findOrThrow("dlopen"), FunctionDescriptor.of(JAVA_LONG, ADDRESS, JAVA_INT));
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment name = arena.allocateFrom(LIBRARY);
            long handle = call(() -> (long) dlopen.invokeExact(name, RTLD_NOW));
            if (handle == 0) {
                throw new UnsupportedOperationException("library is missing: name=" + LIBRARY + ", package=libfuse3-3");
            }
            return handle;
        }
    }

    private static MethodHandle function(String name, MemoryLayout result, MemoryLayout... arguments) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment symbol = arena.allocateFrom(name);
            MemorySegment version = arena.allocateFrom(VERSION);
            long address = call(() -> (long) DLVSYM.invokeExact(HANDLE, symbol, version));
            if (address == 0) {
                throw new UnsupportedOperationException("library is too old or too new: name=" + LIBRARY + ", function="
                        + name + ", version=" + VERSION);
            }
            FunctionDescriptor descriptor =
                    result == null ? FunctionDescriptor.ofVoid(arguments) : FunctionDescriptor.of(result, arguments);
            return LINKER.downcallHandle(MemorySegment.ofAddress(address), descriptor);
        }
    }

    /** A function that the library calls back: a method of {@code target} with {@code long} and {@code int} parameters. */
    static MemorySegment callback(
            MethodHandles.Lookup lookup, Object target, String method, MethodType type, Arena arena) {
        try {
            MemoryLayout[] arguments = type.parameterList().stream()
                    .map(parameter -> parameter == int.class ? JAVA_INT : JAVA_LONG)
                    .toArray(MemoryLayout[]::new);
            return LINKER.upcallStub(lookup.bind(target, method, type), FunctionDescriptor.ofVoid(arguments), arena);
        } catch (NoSuchMethodException | IllegalAccessException e) {
            throw new LinkageError(e.getMessage(), e);
        }
    }

    // ---- sessions

    static long newSession(long arguments, long operations, long operationBytes) {
        return call(() -> (long) SESSION_NEW.invokeExact(arguments, operations, operationBytes, 0L));
    }

    static int mount(long session, long directory) {
        return call(() -> (int) SESSION_MOUNT.invokeExact(session, directory));
    }

    static void unmount(long session) {
        call(() -> {
            SESSION_UNMOUNT.invokeExact(session);
            return null;
        });
    }

    static void destroy(long session) {
        call(() -> {
            SESSION_DESTROY.invokeExact(session);
            return null;
        });
    }

    static boolean hasExited(long session) {
        return call(() -> (int) SESSION_EXITED.invokeExact(session)) != 0;
    }

    /** Waits for a request: bytes, 0 at the end of the session, or minus errno. */
    static int receive(long session, long buffer) {
        return call(() -> (int) RECEIVE.invokeExact(session, buffer));
    }

    static void process(long session, long buffer) {
        call(() -> {
            PROCESS.invokeExact(session, buffer);
            return null;
        });
    }

    static void free(long address) {
        call(() -> {
            FREE.invokeExact(address);
            return null;
        });
    }

    // ---- requests: each is answered once

    /** Address of the {@link RequestContext}. */
    static long context(long request) {
        return call(() -> (long) REQ_CTX.invokeExact(request));
    }

    /** 0: it is done. */
    static void replyError(long request, int errno) {
        call(() -> (int) REPLY_ERR.invokeExact(request, errno));
    }

    static void replyNone(long request) {
        call(() -> {
            REPLY_NONE.invokeExact(request);
            return null;
        });
    }

    /** 0, or minus errno: -ENOENT when the kernel gave the request up, and so holds nothing. */
    static int replyEntry(long request, long entry) {
        return call(() -> (int) REPLY_ENTRY.invokeExact(request, entry));
    }

    /** As {@link #replyEntry}. */
    static int replyCreate(long request, long entry, long fileInfo) {
        return call(() -> (int) REPLY_CREATE.invokeExact(request, entry, fileInfo));
    }

    static void replyAttributes(long request, long stat, double seconds) {
        call(() -> (int) REPLY_ATTR.invokeExact(request, stat, seconds));
    }

    static void replyLink(long request, long target) {
        call(() -> (int) REPLY_READLINK.invokeExact(request, target));
    }

    static int replyOpen(long request, long fileInfo) {
        return call(() -> (int) REPLY_OPEN.invokeExact(request, fileInfo));
    }

    static void replyWritten(long request, long count) {
        call(() -> (int) REPLY_WRITE.invokeExact(request, count));
    }

    static void replyBytes(long request, long address, long count) {
        call(() -> (int) REPLY_BUF.invokeExact(request, address, count));
    }

    static void replySpace(long request, long statvfs) {
        call(() -> (int) REPLY_STATFS.invokeExact(request, statvfs));
    }

    static void replyAttributeSize(long request, long count) {
        call(() -> (int) REPLY_XATTR.invokeExact(request, count));
    }

    static void replyOffset(long request, long offset) {
        call(() -> (int) REPLY_LSEEK.invokeExact(request, offset));
    }

    /** Adds a name to the answer of a readdir, if it fits, and returns how many bytes it needs. */
    @SuppressWarnings("checkstyle:ParameterNumber") // those of the library
    static long addName(long request, long buffer, long room, long name, long stat, long next) {
        return call(() -> (long) ADD_DIRENTRY.invokeExact(request, buffer, room, name, stat, next));
    }
}
