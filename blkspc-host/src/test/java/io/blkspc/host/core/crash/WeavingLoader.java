package io.blkspc.host.core.crash;

import io.blkspc.api.contract.TestIo;
import java.io.IOException;
import java.io.InputStream;
import java.lang.classfile.ClassBuilder;
import java.lang.classfile.ClassElement;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassHierarchyResolver;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.CodeElement;
import java.lang.classfile.CodeTransform;
import java.lang.classfile.MethodModel;
import java.lang.classfile.MethodTransform;
import java.lang.classfile.instruction.InvokeDynamicInstruction;
import java.lang.classfile.instruction.InvokeInstruction;
import java.lang.classfile.instruction.LineNumber;
import java.lang.classfile.instruction.NewMultiArrayInstruction;
import java.lang.classfile.instruction.NewObjectInstruction;
import java.lang.classfile.instruction.NewPrimitiveArrayInstruction;
import java.lang.classfile.instruction.NewReferenceArrayInstruction;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import java.net.URL;
import java.util.Set;

/**
 * Loads everything of the project a second time. In the engine and the client library each place that may allocate memory is
 * preceded by a call of {@link AllocationPoints#point}; where a collection may allocate after it has changed, one follows too.
 * Tests, and what stands for the outside, are loaded as they are.
 */
final class WeavingLoader extends ClassLoader {

    private static final ClassDesc POINTS =
            AllocationPoints.class.describeConstable().orElseThrow();
    private static final MethodTypeDesc POINT = MethodTypeDesc.of(ConstantDescs.CD_void, ConstantDescs.CD_int);

    /** Methods of the platform and of libraries that take no memory, whatever class they are of. */
    private static final Set<String> FRUGAL = Set.of(
            "<init>,get,size,isEmpty,contains,containsKey,containsValue,remove,removeFirst,removeLast,removeInt,clear,length,"
                    .concat(
                            "charAt,equals,hashCode,compareTo,compare,hasNext,next,nextValue,getFirst,getLast,isPresent,")
                    .concat(
                            "isTraceEnabled,arraycopy,fill,nanoTime,close,run,accept,apply,applyAsLong,test,getAsBoolean,")
                    .concat("getAsLong,getAsInt,byteSize,ordinal,name,poll,peek,firstKey,lastKey,floorKey,ceilingKey,")
                    .concat("higherKey,lowerKey,longValue,intValue,booleanValue,getKey,getValue,requireNonNull,")
                    .concat(
                            "currentThread,threadId,onSpinWait,getClass,getCause,addSuppressed,limit,position,remaining,capacity")
                    .split(","));

    /** Those of a hash table that may need memory after they have changed it. */
    private static final Set<String> INSERTS =
            Set.of("put", "putIfAbsent", "add", "merge", "computeIfAbsent", "compute");

    private final String tests = rootOf(WeavingLoader.class);
    private final String apiTests = rootOf(TestIo.class);

    WeavingLoader(ClassLoader parent) {
        super(parent);
    }

    private static String rootOf(Class<?> type) {
        String file = type.getName().replace('.', '/') + ".class";
        String url = type.getClassLoader().getResource(file).toString();
        return url.substring(0, url.length() - file.length());
    }

    @Override
    protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
        if (!name.startsWith("io.blkspc.") || name.equals(AllocationPoints.class.getName())) {
            return super.loadClass(name, resolve);
        }
        synchronized (getClassLoadingLock(name)) {
            Class<?> loaded = findLoadedClass(name);
            return loaded == null ? findClass(name) : loaded;
        }
    }

    @Override
    protected Class<?> findClass(String name) throws ClassNotFoundException {
        URL url = getResource(name.replace('.', '/') + ".class");
        if (url == null) {
            throw new ClassNotFoundException(name);
        }
        try (InputStream in = url.openStream()) {
            byte[] bytes = in.readAllBytes();
            String place = url.toString();
            boolean isTest = place.startsWith(tests) || place.startsWith(apiTests);
            byte[] woven = isTest ? bytes : weave(name, bytes);
            return defineClass(name, woven, 0, woven.length);
        } catch (IOException e) {
            throw new ClassNotFoundException(name, e);
        }
    }

    private byte[] weave(String name, byte[] bytes) {
        ClassHierarchyResolver types = ClassHierarchyResolver.ofResourceParsing(getParent());
        ClassFile file = ClassFile.of(ClassFile.ClassHierarchyResolverOption.of(types));
        return file.transformClass(file.parse(bytes), (ClassBuilder to, ClassElement element) -> {
            // A class whose initialiser fails can never be used again: that ends the process, as it should, and not a
            // request.
            if (element instanceof MethodModel method
                    && method.code().isPresent()
                    && !method.methodName().equalsString(ConstantDescs.CLASS_INIT_NAME)) {
                String where = name.substring(name.lastIndexOf('.') + 1) + "." + method.methodName();
                to.transformMethod(method, MethodTransform.transformingCode(new Weaver(where)));
            } else {
                to.with(element);
            }
        });
    }

    /** Of one method. */
    private static final class Weaver implements CodeTransform {

        private final String where;
        private int line;

        Weaver(String where) {
            this.where = where;
        }

        @Override
        public void accept(CodeBuilder to, CodeElement element) {
            if (element instanceof LineNumber number) {
                line = number.line();
            }
            if (mayAllocate(element)) {
                point(to, "before");
            }
            to.with(element);
            if (element instanceof InvokeInstruction call
                    && isHashTable(call)
                    && INSERTS.contains(call.name().stringValue())) {
                point(to, "after");
            }
        }

        private void point(CodeBuilder to, String when) {
            to.loadConstant(AllocationPoints.register(where + ":" + line + " " + when));
            to.invokestatic(POINTS, "point", POINT);
        }
    }

    private static boolean mayAllocate(CodeElement element) {
        return switch (element) {
            case NewObjectInstruction _,
                    NewPrimitiveArrayInstruction _,
                    NewReferenceArrayInstruction _,
                    NewMultiArrayInstruction _,
                    InvokeDynamicInstruction _ -> true;
            case InvokeInstruction call -> mayAllocate(call);
            default -> false;
        };
    }

    private static boolean mayAllocate(InvokeInstruction call) {
        String owner = call.owner().asInternalName();
        String name = call.name().stringValue();
        if (owner.startsWith("io/blkspc/") || FRUGAL.contains(name)) {
            return false;
        }
        return switch (owner) {
            case "java/lang/Math", "java/lang/invoke/VarHandle" -> false;
            case "java/lang/Long", "java/lang/Integer", "java/lang/Boolean" ->
                name.equals("valueOf") || name.startsWith("to");
            case "java/lang/foreign/MemorySegment" ->
                !Set.of("set", "copy", "mismatch", "address").contains(name);
            default -> !owner.startsWith("java/util/concurrent/");
        };
    }

    /** Hash tables insert first and then grow; lists grow first. */
    private static boolean isHashTable(InvokeInstruction call) {
        String owner = call.owner().asInternalName();
        return owner.matches("java/util/(Linked)?(Hash)?(Set|Map)") || owner.startsWith("org/agrona/collections/");
    }
}
