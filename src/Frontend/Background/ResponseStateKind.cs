namespace Relay.Frontend.Background;

/// <summary>The kinds of <see cref="ResponseState"/>.</summary>
internal enum ResponseStateKind
{
    /// <summary>The upstream could not be asked, or gave no answer that can be read. A later question may get one.</summary>
    Unanswered,

    /// <summary>It goes on.</summary>
    Running,

    /// <summary>It is over: nothing more will be used.</summary>
    Over,

    /// <summary>The upstream does not have it, or not any more.</summary>
    Unknown,
}
