using System.Globalization;
using System.Reflection;
using Orleans.Concurrency;

namespace Relay.Grains.Tests.Contracts;

/// <summary>
/// Lists what processes of two versions must agree on: the names, ids and types of all that travels between them, and the
/// members of the state that grains save. One line is one promise, whole in itself.
/// </summary>
internal static class ContractList
{
    private const BindingFlags Declared = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;

    /// <summary>The lines of these assemblies, sorted.</summary>
    public static IReadOnlyList<string> Of(params Assembly[] assemblies)
    {
        var types = assemblies.SelectMany(assembly => assembly.GetTypes()).ToList();
        return [.. types.Where(IsSerialized).SelectMany(Serialized)
            .Concat(types.Where(IsGrainInterface).SelectMany(GrainInterface))
            .Concat(types.Where(IsGrain).Select(GrainClass))
            .Concat(types.Where(IsGrain).SelectMany(States))
            .Distinct(StringComparer.Ordinal)
            .Order(StringComparer.Ordinal)];
    }

    /// <summary>What of these assemblies travels without a name or an id of its own, and would so be tied to names in the code.</summary>
    public static IEnumerable<string> FindUnnamed(params Assembly[] assemblies)
    {
        foreach (var type in assemblies.SelectMany(assembly => assembly.GetTypes()).Where(type => IsSerialized(type) || IsGrainInterface(type)))
        {
            if (AliasOf(type) is null)
            {
                yield return $"{type.FullName} has no [Alias].";
            }

            var parts = IsSerialized(type)
                ? Fields(type).Where(field => MemberOf(type, field).GetCustomAttribute<IdAttribute>() is null).Select(field => $"{field.Name} has no [Id].")
                : type.GetMethods().Where(method => AliasOf(method) is null).Select(method => $"{method.Name} has no [Alias].")
                    .Concat(type.GetCustomAttribute<GrainInterfaceTypeAttribute>() is null ? ["it has no [GrainInterfaceType]."] : []);
            foreach (var part in parts)
            {
                yield return $"{type.FullName}: {part}";
            }
        }
    }

    private static IEnumerable<string> Serialized(Type type)
    {
        var name = NameOf(type);
        yield return type.BaseType is { } parent && IsSerialized(parent) ? $"type {name} extends {NameOf(parent)}" : $"type {name}";
        if (type.IsEnum)
        {
            foreach (var value in Enum.GetValues(type))
            {
                yield return string.Create(CultureInfo.InvariantCulture, $"type {name} [{Convert.ToInt64(value, CultureInfo.InvariantCulture)}] {value}");
            }

            yield break;
        }

        foreach (var field in Fields(type))
        {
            var member = MemberOf(type, field);
            if (member.GetCustomAttribute<IdAttribute>() is { } id)
            {
                yield return string.Create(CultureInfo.InvariantCulture, $"type {name} [{id.Id}] {member.Name} : {NameOf(field.FieldType)}");
            }
        }
    }

    private static IEnumerable<string> GrainInterface(Type type) =>
        type.GetMethods()
            .Select(method => $"interface {NameOf(type)}.{AliasOf(method) ?? method.Name}"
                + $"({string.Join(", ", method.GetParameters().Select(parameter => NameOf(parameter.ParameterType)))}) : {NameOf(method.ReturnType)}")
            .Prepend($"interface {NameOf(type)} is {type.GetCustomAttribute<GrainInterfaceTypeAttribute>()?.GetGrainInterfaceType(null!, type).ToString() ?? type.Name}");

    /// <summary>A grain's type is part of each grain's id, so that two versions must call it the same.</summary>
    private static string GrainClass(Type type) =>
        $"grain {type.GetCustomAttribute<GrainTypeAttribute>()?.GetGrainType(null!, type).ToString() ?? type.Name.ToLowerInvariant()[..^"Grain".Length]}"
        + (type.GetCustomAttribute<StatelessWorkerAttribute>() is null ? "" : " (stateless)")
        + $" : {string.Join(", ", type.GetInterfaces().Where(IsGrainInterface).Select(NameOf).Order(StringComparer.Ordinal))}";

    private static IEnumerable<string> States(Type grain) =>
        from parameter in grain.GetConstructors().SelectMany(constructor => constructor.GetParameters())
        let attribute = parameter.GetCustomAttribute<PersistentStateAttribute>()
        where attribute is not null
        let state = parameter.ParameterType.GetGenericArguments()[0]
        from line in Stored(state, []).Prepend($"state {attribute.StateName} in {attribute.StorageName} : {state.Name}")
        select line;

    /// <summary>State is stored as JSON by the names of its members, and values of enums by theirs.</summary>
    private static IEnumerable<string> Stored(Type type, HashSet<Type> seen)
    {
        if (!seen.Add(type))
        {
            return [];
        }

        if (type.IsEnum)
        {
            return Enum.GetNames(type).Select(value => $"state {type.Name} \"{value}\"");
        }

        var members = type.GetProperties().Where(property => property is { CanRead: true, CanWrite: true }).ToList();
        return members.Select(member => $"state {type.Name}.{member.Name} : {NameOf(member.PropertyType)}")
            .Concat(members.SelectMany(member => RelaysOwn(member.PropertyType)).SelectMany(used => Stored(used, seen)));
    }

    private static IEnumerable<Type> RelaysOwn(Type type) =>
        type.IsGenericType ? type.GetGenericArguments().SelectMany(RelaysOwn)
        : type.HasElementType ? RelaysOwn(type.GetElementType()!)
        : type.Namespace?.StartsWith("Relay.", StringComparison.Ordinal) == true ? [type] : [];

    private static bool IsSerialized(Type type) =>
        type.GetCustomAttribute<GenerateSerializerAttribute>(inherit: false) is not null;

    private static bool IsGrainInterface(Type type) =>
        type.IsInterface && typeof(IAddressable).IsAssignableFrom(type) && type.Namespace?.StartsWith("Relay.", StringComparison.Ordinal) == true;

    private static bool IsGrain(Type type) => type is { IsClass: true, IsAbstract: false } && typeof(Grain).IsAssignableFrom(type);

    private static IEnumerable<FieldInfo> Fields(Type type) => type.IsEnum
        ? []
        : type.GetFields(Declared).Where(field => !IsCaptured(field) && field.GetCustomAttribute<NonSerializedAttribute>() is null);

    // A primary constructor's parameter that a member uses is no contract: serializers do not see it.
    private static bool IsCaptured(FieldInfo field) => field.Name.EndsWith(">P", StringComparison.Ordinal);

    /// <summary>The property behind whose compiler-made field this is, or else the field itself.</summary>
    private static MemberInfo MemberOf(Type type, FieldInfo field) =>
        field.Name.StartsWith('<') && type.GetProperty(field.Name[1..field.Name.IndexOf('>', StringComparison.Ordinal)], Declared) is { } property
            ? property
            : field;

    private static string? AliasOf(MemberInfo member) => member.GetCustomAttribute<AliasAttribute>(inherit: false)?.Alias;

    private static string NameOf(Type type)
    {
        if (type.IsArray)
        {
            return $"{NameOf(type.GetElementType()!)}[]";
        }

        if (!type.IsGenericType)
        {
            return AliasOf(type) ?? type.Name;
        }

        var arguments = type.GetGenericArguments().Select(NameOf).ToList();
        return type.GetGenericTypeDefinition() == typeof(Nullable<>)
            ? $"{arguments[0]}?"
            : $"{AliasOf(type) ?? type.Name[..type.Name.IndexOf('`', StringComparison.Ordinal)]}<{string.Join(", ", arguments)}>";
    }
}
