package io.whimbrel.system.chaos;

import static java.lang.constant.ConstantDescs.CD_Object;

import io.whimbrel.system.Part;
import java.io.IOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassHierarchyResolver;
import java.lang.classfile.ClassModel;
import java.lang.classfile.ClassTransform;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.CodeModel;
import java.lang.classfile.MethodModel;
import java.lang.classfile.Opcode;
import java.lang.classfile.TypeKind;
import java.lang.classfile.instruction.FieldInstruction;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import java.lang.reflect.AccessFlag;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.Predicate;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;

/**
 * A mistake that the parts are given, by a class that stands before the jar's own on their class path. It is made from the jar's
 * class, so that the rest of the system is what it is.
 */
enum PlantedBug {
    /** A publication beyond a gap counts as the next one. */
    DROPS_THE_GAP_CHECK("io/whimbrel/gateway/Continuity", "place") {
        @Override
        ClassTransform change(MethodModel method) {
            return ClassTransform.transformingMethodBodies(isSame(method), (code, element) -> {
                if (element instanceof FieldInstruction field
                        && field.opcode() == Opcode.GETSTATIC
                        && field.name().equalsString("BEYOND_A_GAP")) {
                    code.getstatic(field.owner().asSymbol(), "NEXT", field.typeSymbol());
                } else {
                    code.with(element);
                }
            });
        }
    },

    /** A new connection is subscribed to all but the topics, and nobody wonders at how few there are. */
    SKIPS_RESUBSCRIPTION("io/whimbrel/broker/redis/Subscriptions", "renew", "wanted") {
        @Override
        ClassTransform change(MethodModel method) {
            return ClassTransform.transformingMethodBodies(isSame(method), (code, element) -> {
                if (element instanceof FieldInstruction field && field.name().equalsString("topics")) {
                    code.getfield(field.owner().asSymbol(), "ears", field.typeSymbol());
                } else {
                    code.with(element);
                }
            });
        }
    },

    /** Whichever Redis gives offsets, it goes on where the last one seems to have been. */
    KEEPS_THE_EPOCH("io/whimbrel/broker/redis/Requirements", "term") {
        @Override
        boolean isMeant(MethodModel method) {
            return super.isMeant(method) && method.flags().has(AccessFlag.STATIC);
        }

        @Override
        ClassTransform change(MethodModel method) {
            return replace(
                    method,
                    (code, type) -> code.ldc("r.same")
                            .invokevirtual(ConstantDescs.CD_String, "getBytes", MethodTypeDesc.of(type.returnType()))
                            .areturn());
        }
    },

    /** A publication counts as accepted as soon as it was sent to Redis. */
    ACKNOWLEDGES_BEFORE_REDIS("io/whimbrel/broker/redis/Histories", "publish") {
        private static final String ORIGINAL = "publishAndWait";

        @Override
        boolean isMeant(MethodModel method) {
            return super.isMeant(method)
                    && method.methodTypeSymbol().parameterList().stream()
                            .anyMatch(type -> type.displayName().equals("IdempotencyKey"));
        }

        @Override
        ClassTransform change(MethodModel method) {
            ClassTransform answered = replace(method, (code, type) -> {
                ClassDesc owner = method.parent().orElseThrow().thisClass().asSymbol();
                ClassDesc first = ClassDesc.of("io.whimbrel.broker.PublishedOnce$First");
                ClassDesc published = ClassDesc.of("io.whimbrel.broker.Published");
                code.aload(0);
                for (int i = 0; i < type.parameterCount(); i++) {
                    code.loadLocal(TypeKind.from(type.parameterType(i)), code.parameterSlot(i));
                }
                code.invokevirtual(owner, ORIGINAL, type)
                        .pop()
                        .new_(first)
                        .dup()
                        .new_(published)
                        .dup()
                        .iconst_1()
                        .aconst_null()
                        .invokespecial(
                                published,
                                ConstantDescs.INIT_NAME,
                                MethodTypeDesc.of(
                                        ConstantDescs.CD_void,
                                        ConstantDescs.CD_int,
                                        ClassDesc.of("io.whimbrel.model.Position")))
                        .invokespecial(
                                first, ConstantDescs.INIT_NAME, MethodTypeDesc.of(ConstantDescs.CD_void, published))
                        .invokestatic(
                                FUTURE,
                                "completedStage",
                                MethodTypeDesc.of(ClassDesc.of("java.util.concurrent.CompletionStage"), CD_Object))
                        .areturn();
            });
            return answered.andThen(ClassTransform.endHandler(builder -> builder.withMethod(
                    ORIGINAL,
                    method.methodTypeSymbol(),
                    method.flags().flagsMask(),
                    copy -> method.forEach(copy::with))));
        }
    };

    private static final ClassDesc FUTURE = ClassDesc.of("java.util.concurrent.CompletableFuture");

    private final String className;

    @SuppressWarnings("ImmutableEnumChecker") // made by List.of
    private final List<String> methodNames;

    PlantedBug(String className, String... methodNames) {
        this.className = className;
        this.methodNames = List.of(methodNames);
    }

    /** As it stands in the names of files: {@code drops-the-gap-check}. */
    String words() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    abstract ClassTransform change(MethodModel method);

    boolean isMeant(MethodModel method) {
        return methodNames.contains(method.methodName().stringValue());
    }

    /** Answers the folder that is to stand before the jar. Fails where the jar has no longer what is to be changed. */
    Path plantIn(Path folder) throws IOException {
        try (JarFile jar = new JarFile(Part.JAR.toFile());
                URLClassLoader classes =
                        new URLClassLoader(new URL[] {Part.JAR.toUri().toURL()})) {
            JarEntry entry = jar.getJarEntry(className + ".class");
            if (entry == null) {
                throw new AssertionError("%s cannot be planted: there is no class %s".formatted(this, className));
            }
            ClassFile files = ClassFile.of(
                    ClassFile.ClassHierarchyResolverOption.of(ClassHierarchyResolver.ofResourceParsing(classes)));
            byte[] original = jar.getInputStream(entry).readAllBytes();
            byte[] changed = change(files, files.parse(original));
            Path file = folder.resolve("planted").resolve(className + ".class");
            Files.createDirectories(file.getParent());
            Files.write(file, changed);
            return folder.resolve("planted");
        }
    }

    private byte[] change(ClassFile files, ClassModel model) {
        List<MethodModel> methods =
                model.methods().stream().filter(this::isMeant).toList();
        if (methods.size() != methodNames.size()) {
            throw new AssertionError("%s cannot be planted: %s has %d methods %s of that kind"
                    .formatted(this, className, methods.size(), methodNames));
        }
        byte[] changed = files.transformClass(model, ClassTransform.ACCEPT_ALL);
        for (MethodModel method :
                methods) { // one after the other: of transforms that are composed only some take place
            byte[] before = changed;
            changed = files.transformClass(files.parse(before), change(method));
            if (Arrays.equals(changed, before)) {
                throw new AssertionError("%s cannot be planted: nothing in %s.%s is what it would change"
                        .formatted(this, className, method.methodName()));
            }
        }
        return changed;
    }

    private static Predicate<MethodModel> isSame(MethodModel method) {
        return other -> other.methodName().equalsString(method.methodName().stringValue())
                && other.methodTypeSymbol().equals(method.methodTypeSymbol());
    }

    /** Writes the code of a method, of which the type is known. */
    private interface Body {
        void write(CodeBuilder code, MethodTypeDesc type);
    }

    private static ClassTransform replace(MethodModel method, Body body) {
        return ClassTransform.transformingMethods(isSame(method), (builder, element) -> {
            if (element instanceof CodeModel) {
                builder.withCode(code -> body.write(code, method.methodTypeSymbol()));
            } else {
                builder.with(element);
            }
        });
    }
}
